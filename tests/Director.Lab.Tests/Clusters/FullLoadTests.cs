using System.Globalization;
using System.Text.Json;
using Director.Lab.Load;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;
using Xunit.Abstractions;

namespace Director.Lab.Tests.Clusters;

/// <summary>A machine on which everything else wants the processors too: nobody is taken for dead who is only slow.</summary>
[Collection(LabCollection.Name)]
public class FullLoadTests(ITestOutputHelper output)
{
    /// <summary>How long the load lasts, in seconds; <c>DIRECTOR_FULL_LOAD_SECONDS</c> sets another time.</summary>
    private const int Seconds = 20;

    private const int Port = 80;
    private static readonly AddressPlan _plan = AddressPlan.IPv4;

    [SkippableFact]
    public void Full_load_on_all_cores_brings_about_no_takeover()
    {
        Needs.Lab("nft", "curl");
        int seconds = Environment.GetEnvironmentVariable("DIRECTOR_FULL_LOAD_SECONDS") is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : Seconds;
        using ClusterLab lab = new(Topology.Nat, moreServices: net => new ServiceConfiguration { Port = Port }.For(net, _plan));
        BuiltInPrograms.StartWebServers(lab.Net.RealServers, Port);

        int holder = lab.WaitForHolder();
        lab.WaitUntilSynchronised(3 - holder);
        string before = lab.Roles;

        HostProcess[] burners = [.. Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(_ => lab.Net.Network.Switch.Start("sh", "-c", "while :; do :; done"))];
        LoadFigures load = BuiltInPrograms.RunLoad(
            lab.Net.Client,
            new(_plan.WithPort(lab.Net.Vip(_plan), Port)) { From = lab.Net.ClientAddresses(_plan), Seconds = seconds },
            TimeSpan.FromSeconds(seconds + 60));
        foreach (HostProcess burner in burners)
        {
            Assert.False(burner.HasEnded, burner.Error);
            burner.Signal(Signals.Kill);
        }

        output.WriteLine(load.ToJson());
        output.WriteLine($"longest pause between heartbeats: {string.Join(", ", Both.Select(number => $"director{number} {lab.Figures(number).GetProperty("heartbeat").GetProperty("longestPauseSeconds").GetDouble() * 1000:0} ms"))}");
        Assert.True(load.Answered > 0, load.ToJson());
        Assert.True(before == lab.Roles, $"{before}, then {lab.Roles}: {lab.Said}");
        Assert.Equal(holder, lab.Holder);
    }

    private static IEnumerable<int> Both => [1, 2];
}
