using Director.Lab.Load;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary><c>director ipvsadm</c> on a director at work.</summary>
[Collection(LabCollection.Name)]
public class LiveChangeTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(40);

    [SkippableTheory]
    [InlineData(Topology.Nat)]
    [InlineData(Topology.Direct)]
    public void Edits_take_effect_at_once_and_no_request_is_lost(Topology topology)
    {
        Needs.Lab("nginx");
        using DirectorLab lab = new(topology);
        lab.Serve().Balance(new());
        string service = $"{lab.Net.Vip(AddressPlan.IPv4)}:80";
        string[] servers = [.. Enumerable.Range(1, 3).Select(number => $"{lab.Net.RealServer(AddressPlan.IPv4, number)}:80")];
        string method = topology == Topology.Nat ? "-m" : "-g";
        using HostProcess client = BuiltInPrograms.StartLoad(lab.Client, new(service) { Clients = 16, From = lab.Net.ClientAddresses(AddressPlan.IPv4) });
        AwaitAnswersOf(client, "rs1", "rs2", "rs3");

        lab.Director.Ipvsadm("-e", "-t", service, "-r", servers[0], method, "-w", "0");
        AwaitDrainOf(client, "rs1");

        // Not deleted: weight 0 drains it, so that no connection is cut.
        lab.Director.Ipvsadm("-e", "-t", service, "-r", servers[0], method, "-w", "5");
        AwaitAnswersOf(client, "rs1");
        lab.Director.Ipvsadm("-E", "-t", service, "-s", "wrr");
        AwaitAnswersOf(client, "rs1", "rs2", "rs3");

        client.Stop(TimeSpan.FromSeconds(15));
        LoadFigures last = Last(client);
        Assert.True(last.IsLast && last.Answered > 0);
        Assert.Equal("", string.Join("; ", last.Failures.Keys));
    }

    [SkippableFact]
    public void Weight_zero_keeps_the_connections_there_are()
    {
        Needs.Lab("nginx");
        using DirectorLab lab = new(Topology.Nat);
        lab.Serve().Balance(new());
        string service = $"{lab.Net.Vip(AddressPlan.IPv4)}:80";
        using HostProcess client = BuiltInPrograms.StartLoad(lab.Client, new(service) { Clients = 3, KeepAlive = true });
        AwaitAnswersOf(client, "rs1", "rs2", "rs3");

        foreach (int number in Enumerable.Range(1, 3))
        {
            lab.Director.Ipvsadm("-e", "-t", service, "-r", $"{lab.Net.RealServer(AddressPlan.IPv4, number)}:80", "-m", "-w", "0");
        }

        AwaitAnswersOf(client, "rs1", "rs2", "rs3");
        Assert.NotEqual(0, lab.Client.Try("curl", "-sS", "--max-time", "1", $"http://{service}/").ExitCode);
        Assert.Equal([(0, 1), (0, 1), (0, 1)], lab.Table().Values.Select(row => (row.Weight, row.Active)));
        client.Stop(TimeSpan.FromSeconds(15));
        Assert.Equal(0, Last(client).Failed);
    }

    [SkippableFact]
    public void A_real_server_at_its_upper_threshold_gets_no_more_connections()
    {
        Needs.Lab("nginx");
        using DirectorLab lab = new(Topology.Nat, realServers: 2);
        lab.Serve().Balance(new());
        string service = $"{lab.Net.Vip(AddressPlan.IPv4)}:80";
        string limited = $"{lab.Net.RealServer(AddressPlan.IPv4, 1)}:80";
        lab.Director.Ipvsadm("-e", "-t", service, "-r", limited, "-m", "-x", "5", "-y", "2");
        using HostProcess client = BuiltInPrograms.StartLoad(lab.Client, new(service) { Clients = 20, KeepAlive = true });

        Eventually.Holds(() => lab.Table().Values.Sum(row => row.Active) == 20, _patience, () => lab.Director.Ipvsadm("-L", "-n"));

        Assert.Equal(5, lab.Table()[limited].Active);
        client.Stop(TimeSpan.FromSeconds(15));
        Assert.Equal(0, Last(client).Failed);
    }

    [SkippableFact]
    public void A_service_added_by_ipvsadm_is_answered_and_one_deleted_is_not()
    {
        Needs.Lab("nginx", "curl");
        using DirectorLab lab = new(Topology.Nat);
        lab.Serve(null, 80, 81).Balance(new());
        string service = $"{lab.Net.Vip(AddressPlan.IPv4)}:81";

        lab.Director.Ipvsadm("-A", "-t", service, "-s", "rr");
        lab.Director.Ipvsadm("-a", "-t", service, "-r", $"{lab.Net.RealServer(AddressPlan.IPv4, 2)}:81", "-m");
        Assert.StartsWith("rs2 ", lab.Curl($"{service}/"), StringComparison.Ordinal);

        lab.Director.Ipvsadm("-D", "-t", service);
        Assert.NotEqual(0, lab.Client.Try("curl", "-sS", "--max-time", "1", $"http://{service}/").ExitCode);
    }

    private static LoadFigures Last(HostProcess client) => LoadFigures.FromJson(client.Output.TrimEnd().Split('\n')[^1]);

    /// <summary>Waits until each of the real servers has answered requests that began after now.</summary>
    private static void AwaitAnswersOf(HostProcess client, params string[] names)
    {
        Dictionary<string, long> before = Counts(client);
        client.WaitUntil(
            () => names.All(name => Counts(client).GetValueOrDefault(name) > before.GetValueOrDefault(name) + 20),
            _patience,
            $"{string.Join(", ", names)} answer");
    }

    /// <summary>
    /// Waits until this one answers fewer than a tenth. It is never quite silent: a connection from a port whose last one is still in the table goes where that one went,
    /// as in IPVS (ip_vs_core.c, is_new_conn_expected).
    /// </summary>
    private static void AwaitDrainOf(HostProcess client, string name) =>
        client.WaitUntil(
            () =>
            {
                Dictionary<string, long> before = Counts(client);
                client.WaitUntil(() => Counts(client).Values.Sum() > before.Values.Sum() + 200, _patience, "requests are answered");
                Dictionary<string, long> after = Counts(client);
                return after[name] - before[name] < (after.Values.Sum() - before.Values.Sum()) / 10;
            },
            _patience,
            $"{name} answers hardly any more");

    private static Dictionary<string, long> Counts(HostProcess client)
    {
        string[] lines = client.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return lines.Length == 0 ? [] : new(LoadFigures.FromJson(lines[^1]).RealServers);
    }
}
