using System.Text.Json;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Clusters;

/// <summary>What becomes of the checks of real servers when the director that makes them is killed.</summary>
public class CheckTakeOverTests
{
    private const int WebPort = 80;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public void The_other_director_goes_on_checking_takes_out_nobody_who_is_well_and_sees_who_fails_and_who_comes_back()
    {
        Needs.Lab("nft");
        using ClusterLab lab = new(Topology.Nat, moreServices: net => new ServiceConfiguration
        {
            Port = WebPort,
            More = "check { type = connect, interval = 300ms, timeout = 4s, rise = 2, fall = 2 }",
        }.For(net, AddressPlan.IPv4));
        IReadOnlyList<HostProcess> daemons = BuiltInPrograms.StartWebServers(lab.Net.RealServers, WebPort);
        WaitFor(lab, 1, weights: [1, 1, 1]);
        WaitFor(lab, 2, weights: [1, 1, 1]);
        string owner = "";
        Eventually.Holds(
            () => (owner = CheckedBy(lab, 1)) == CheckedBy(lab, 2) && owner.StartsWith("director", StringComparison.Ordinal), _patience, () => $"both know who checks: {owner}; {lab.Said}");
        int killed = owner == "director1" ? 1 : 2;
        int other = 3 - killed;

        int before = Downs(lab, other);
        lab.Kill(killed);
        Eventually.Holds(() => CheckedBy(lab, other) == $"director{other}", _patience, () => $"director{other} checks; {lab.Said}");
        Assert.True(Downs(lab, other) == before, lab.Said);

        daemons[0].Signal(Signals.Kill);
        WaitFor(lab, other, weights: [0, 1, 1]);
        Assert.True(Downs(lab, other) == before + 1, lab.Said);
        BuiltInPrograms.StartWebServer(lab.Net.RealServers[0], WebPort);
        WaitFor(lab, other, weights: [1, 1, 1]);
    }

    private static JsonElement[] Servers(ClusterLab lab, int director) =>
        [.. lab.Figures(director).GetProperty("health").EnumerateArray().Single(service => service.GetProperty("name").GetString() == "www").GetProperty("servers").EnumerateArray()];

    private static void WaitFor(ClusterLab lab, int director, int[] weights)
    {
        int[] seen = [];
        Eventually.Holds(
            () => (seen = [.. Servers(lab, director).Select(server => server.GetProperty("weight").GetInt32())]).SequenceEqual(weights)
                && Servers(lab, director).Zip(weights).All(one => one.First.GetProperty("state").GetString() == (one.Second == 0 ? "down" : "up")),
            _patience,
            () => $"weights {string.Join(' ', weights)} on director{director}, not {string.Join(' ', seen)}; {lab.Said}");
    }

    /// <summary>Who checks the real servers, as a director knows it; the names of several are joined.</summary>
    private static string CheckedBy(ClusterLab lab, int director) =>
        string.Join('+', Servers(lab, director).Select(server => server.GetProperty("checkedBy").GetString()).Distinct());

    private static int Downs(ClusterLab lab, int director) =>
        lab.Director(director).Process.Output.Split('\n').Count(line => line.Contains(" is down: ", StringComparison.Ordinal));
}
