using System.Security.Cryptography;
using System.Text;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Imports;

/// <summary>
/// The files of the LVS tutorial of 2003, imported by the program and run: they give the services, the health checks and the fail-over that it describes. Changed in them are the addresses, which
/// are the lab's, what the pages of the lab's web servers say, and heartbeat's times, so that nobody waits for a fail-over of ten seconds.
/// </summary>
public class TutorialTests
{
    private const int RealServers = 2;
    private static readonly AddressPlan _plan = AddressPlan.IPv4;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(40);

    [SkippableFact]
    public void Keepalived_master_and_slave_hold_the_addresses_by_VRRP_and_the_slave_takes_them_over()
    {
        Needs.Lab("nft", "curl");
        using LabTopology net = Serve(Topology.Nat, directors: 2);
        using LabDirector master = Start(net, 1, "keepalived/tutorial-master", Keepalived(net, 1));
        using LabDirector slave = Start(net, 2, "keepalived/tutorial-slave", Keepalived(net, 2));

        int holder = WaitForHolder(net, _ => true, master, slave);
        WaitUntilServed(net, ["rs1", "rs2"], master, slave);
        LabDirector first = holder == 1 ? master : slave;
        first.Process.Signal(Signals.Kill);
        first.Process.WaitForEnd(_patience);

        // The gateway of the real servers has moved too: the answers come back.
        WaitForHolder(net, now => now == 3 - holder, master, slave);
        WaitUntilServed(net, ["rs1", "rs2"], master, slave);
    }

    [SkippableFact]
    public void Heartbeat_and_the_rules_of_ipvsadm_give_a_pair_that_fails_over_and_stays_where_it_is()
    {
        Needs.Lab("nft", "curl");
        using LabTopology net = Serve(Topology.Tunnel, directors: 2);
        List<LabDirector> pair = [.. Enumerable.Range(1, 2).Select(number =>
        {
            LabHost host = net.Directors[number - 1];
            string services = Import(host, "ipvsadm", Files("ipvsadm/tutorial-tunnel", Adapted(net, ("172.17.60.199", 1), ("172.17.60.200", 2)).Append(("ipvsadm --start-daemon master\n", ""))));
            string heartbeat = Import(host, "heartbeat", Files("heartbeat/tutorial", Adapted(net).Concat(
            [
                ("keepalive 2\ndeadtime 10\nwarntime 10\ninitdead 10", "keepalive 500ms\ndeadtime 3\nwarntime 3\ninitdead 3"),
                ("172.17.0.254", $"{_plan.Outside}{AddressPlan.Client(0)}"),
            ])));

            // Names of hosts are known to no one here.
            return LabDirector.Start(host, Outer(number, services, heartbeat, $"cluster {{ hostname = \"{LabTopology.ClusterAddress(number)}\", seeds = [\"{LabTopology.ClusterAddress(1)}:2551\", \"{LabTopology.ClusterAddress(2)}:2551\"], insecure = on, seed-wait = 2s }}"));
        })];

        int holder = WaitForHolder(net, _ => true, [.. pair]);
        WaitUntilServed(net, ["rs1", "rs2"], [.. pair]);
        pair[holder - 1].Process.Signal(Signals.Kill);
        pair[holder - 1].Process.WaitForEnd(_patience);
        WaitForHolder(net, now => now == 3 - holder, [.. pair]);
        WaitUntilServed(net, ["rs1", "rs2"], [.. pair]);

        // nice_failback: the one that comes back stands by.
        pair[holder - 1] = pair[holder - 1].StartAgain();
        Eventually.Holds(() => Said(pair[2 - holder]).Contains("has started again", StringComparison.Ordinal), _patience, () => $"the other is heard again; {Said([.. pair])}");
        Assert.Equal(3 - holder, WaitForHolder(net, _ => true, [.. pair]));
    }

    [SkippableFact]
    public void Ldirectord_takes_out_what_does_not_answer_and_falls_back_to_the_director_itself()
    {
        Needs.Lab("nft", "curl");
        using LabTopology net = Serve(Topology.Nat, directors: 1, out List<HostProcess> servers);
        BuiltInPrograms.StartWebServer(net.Director, 80);
        using LabDirector director = Start(net, 1, "ldirectord/tutorial", Adapted(net, ("192.168.6.4", 1), ("192.168.6.5", 2)).Concat([("Test Page", "rs[12]")]));

        WaitUntilServed(net, ["rs1", "rs2"], director);
        servers[0].Stop(_patience);
        WaitUntilServed(net, ["rs2"], director);

        // quiescent=yes: in the table at weight 0.
        Assert.Contains($"{net.RealServer(_plan, 1)}:80", director.Ipvsadm("-L", "-n"), StringComparison.Ordinal);
        servers[1].Stop(_patience);
        WaitUntilServed(net, ["director"], director);
    }

    private static LabTopology Serve(Topology topology, int directors) => Serve(topology, directors, out _);

    private static LabTopology Serve(Topology topology, int directors, out List<HostProcess> servers)
    {
        LabTopology net = new(topology, RealServers, directors);
        try
        {
            servers = [.. BuiltInPrograms.StartWebServers(net.RealServers, 80)];
            if (topology == Topology.Tunnel)
            {
                BuiltInPrograms.StartDecapsulations(net.RealServers, [net.Vip(_plan)]);
            }

            return net;
        }
        catch
        {
            net.Dispose();
            throw;
        }
    }

    // A page names its server and who asks, so its digest is another for each director.
    private static IEnumerable<(string Old, string New)> Keepalived(LabTopology net, int number) => Adapted(net, ("192.168.6.4", 1), ("192.168.6.5", 2)).Concat(
    [
        ("192.168.6.1\n", $"{net.Gateway(_plan)}\n"),
        ("55fd843c4e99e96c1ef28e7dbb10c51b", Digest($"rs1 {_plan.Inside}{AddressPlan.DirectorOf(number)}\n")),
        ("90bfbce6bc089a41f1fddca9aeaba452", Digest($"rs2 {_plan.Inside}{AddressPlan.DirectorOf(number)}\n")),
        ("delay_loop 6", "delay_loop 1"),
    ]);

    private static IEnumerable<(string Old, string New)> Adapted(LabTopology net, params IEnumerable<(string Address, int RealServer)> servers) =>
        servers.Select(server => (server.Address, net.RealServer(_plan, server.RealServer))).Prepend(("172.17.60.201", net.Vip(_plan)));

    private static string Digest(string page) => Convert.ToHexStringLower(MD5.HashData(Encoding.ASCII.GetBytes(page)));

    private static LabDirector Start(LabTopology net, int number, string folder, IEnumerable<(string Old, string New)> changes)
    {
        LabHost host = net.Directors[number - 1];
        return LabDirector.Start(host, Outer(number, Import(host, folder.Split('/')[0], Files(folder, changes))));
    }

    /// <summary>What a host says beside the imported files, and includes them.</summary>
    private static string Outer(int number, params IEnumerable<string> parts) => string.Join(
        '\n',
        parts.Select(part => part.EndsWith(".conf", StringComparison.Ordinal) ? $"include \"{part}\"" : $"director {{ {part} }}")
            .Append($"director {{ name = {(number == 1 ? "walter" : "wendy")}, interfaces = [eth0, eth1], http = \"\", engine {{ workers = 1 }}, health {{ page-port = 9099 }} }}\n"));

    private static IReadOnlyList<(string Name, string Text)> Files(string folder, IEnumerable<(string Old, string New)> changes) =>
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "import", folder)).Where(file => !file.EndsWith("expected.conf", StringComparison.Ordinal)).Select(file =>
        {
            string text = File.ReadAllText(file);
            return (Path.GetFileName(file), changes.Aggregate(text, (all, change) => all.Replace(change.Old, change.New, StringComparison.Ordinal)));
        }),
    ];

    /// <summary>Runs the real program on a host, and returns the name of the file that it wrote there.</summary>
    private static string Import(LabHost host, string kind, IReadOnlyList<(string Name, string Text)> files)
    {
        string result = host.File($"{kind}.conf");
        CommandResult import = host.Try([.. DirectorProgram.With(["import", kind, .. files.Select(file => host.Write(file.Name, file.Text)), "-o", result])]);
        Assert.True(import.ExitCode is 0 or 3, $"{import.ExitCode}: {import.Output}{import.Error}");
        return Path.GetFileName(result);
    }

    private static int WaitForHolder(LabTopology net, Func<int, bool> isWanted, params LabDirector[] directors)
    {
        int holder = 0;
        Eventually.Holds(() => (holder = net.Holder(_plan)) != 0 && isWanted(holder), _patience, () => $"a director holds the VIP; {holder} does; {Said(directors)}");
        return holder;
    }

    /// <summary>Waits until twenty requests in a row are answered, by just these hosts.</summary>
    private static void WaitUntilServed(LabTopology net, string[] hosts, params LabDirector[] directors)
    {
        string seen = "";
        Eventually.Holds(
            () =>
            {
                string url = $"http://{net.Vip(_plan)}/index.html";
                string answers = net.Client.Try(["curl", "-sS", "--max-time", "2", "-H", "Connection: close", .. Enumerable.Repeat(url, 20)]).Output;
                string[] lines = answers.Split('\n', StringSplitOptions.RemoveEmptyEntries);
                seen = string.Join(", ", lines.Select(line => line.Split(' ')[0]).Distinct().Order(StringComparer.Ordinal));
                return lines.Length == 20 && seen == string.Join(", ", hosts);
            },
            _patience,
            () => $"clients are answered by {string.Join(", ", hosts)}, they were by {seen}; {Said(directors)}");
    }

    private static string Said(params LabDirector[] directors) => string.Join(" | ", directors.Select(one => one.Process.Output + one.Process.Error));
}
