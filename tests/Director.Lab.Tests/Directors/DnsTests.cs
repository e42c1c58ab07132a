using System.Globalization;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>UDP, with BIND on the real servers.</summary>
public class DnsTests
{
    private const int Queries = 300;

    [SkippableTheory]
    [InlineData(Topology.Nat, false)]
    [InlineData(Topology.NatOneArmed, false)]
    [InlineData(Topology.Direct, false)]
    [InlineData(Topology.Tunnel, false)]
    [InlineData(Topology.Nat, true)]
    [InlineData(Topology.Tunnel, true)]
    public void Every_query_is_answered_and_each_server_answers_its_share(Topology topology, bool isIPv6)
    {
        Needs.Lab("named", "dig");
        AddressPlan plan = isIPv6 ? AddressPlan.IPv6 : AddressPlan.IPv4;
        using DirectorLab lab = new(topology);
        StartServers(lab);
        lab.Balance(new() { Name = "dns", Protocol = "udp", Port = 53 }, plan);
        string batch = lab.Client.Write("queries", string.Concat(Enumerable.Repeat("who.lab TXT\n", Queries)));

        string[] answers = lab.Client.Run("dig", $"@{lab.Net.Vip(plan)}", "+short", "+tries=1", "+time=10", "-f", batch)
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

        Assert.Equal(Queries, answers.Length);
        Dictionary<string, int> counts = answers.CountBy(answer => answer).ToDictionary();
        Assert.Equal(["\"rs1\"", "\"rs2\"", "\"rs3\""], counts.Keys.Order());

        // dig draws its ports by chance: one that comes twice is the same connection.
        Assert.All(counts.Values, count => Assert.InRange(count, (Queries / 3) - 5, (Queries / 3) + 5));
    }

    [SkippableFact]
    public void One_packet_scheduling_gives_every_query_of_one_socket_a_real_server_of_its_own()
    {
        Needs.Lab("named", "dig");
        using DirectorLab lab = new(Topology.Nat);
        StartServers(lab);
        lab.Balance(new() { Name = "dns", Protocol = "udp", Port = 53, More = "one-packet = true" });

        // The same source port each time: as one connection, all would reach one real server.
        string[] answers = [.. Enumerable.Range(0, 6).Select(_ => lab.Client.Run(
            "dig", $"@{lab.Net.Vip(AddressPlan.IPv4)}", "-b", $"{lab.Net.ClientAddresses(AddressPlan.IPv4)[0]}#5353", "+short", "+tries=1", "+time=10", "who.lab", "TXT"))];

        Assert.Equal([2, 2, 2], answers.CountBy(answer => answer).Select(pair => pair.Value));
    }

    [SkippableTheory]
    [InlineData(Topology.Nat, false)]
    [InlineData(Topology.Nat, true)]
    public void An_answer_in_fragments_arrives_whole(Topology topology, bool isIPv6)
    {
        Needs.Lab("named", "dig");
        AddressPlan plan = isIPv6 ? AddressPlan.IPv6 : AddressPlan.IPv4;
        using DirectorLab lab = new(topology);
        StartServers(lab);
        lab.Balance(new() { Name = "dns", Protocol = "udp", Port = 53 }, plan);

        for (int number = 0; number < 30; number++)
        {
            CommandResult answer = lab.Client.Try(
                "dig", $"@{lab.Net.Vip(plan)}", "+ignore", "+bufsize=4096", "+tries=1", "+time=10", "large.lab", "TXT");

            Assert.True(answer.ExitCode == 0, answer.Output);
            string size = answer.Output.Split('\n').Single(line => line.StartsWith(";; MSG SIZE", StringComparison.Ordinal)).Split(' ')[^1];
            Assert.True(int.Parse(size, CultureInfo.InvariantCulture) > 3000, answer.Output);
        }
    }

    private static void StartServers(DirectorLab lab)
    {
        foreach (LabHost server in lab.Net.RealServers)
        {
            string zone = server.Write("lab.zone", $"""
                $TTL 60
                @ IN SOA {server.Name} root 1 60 60 60 60
                @ IN NS {server.Name}
                {server.Name} IN A 127.0.0.1
                who IN TXT "{server.Name}"
                large IN TXT {string.Join(' ', Enumerable.Repeat($"\"{new string('x', 250)}\"", 12))}

                """);
            string configuration = server.Write("named.conf", $$"""
                options {
                  directory "{{Path.GetDirectoryName(zone)}}";
                  pid-file none;
                  session-keyfile none;
                  recursion no;
                  max-udp-size 4096;
                  listen-on { any; };
                  listen-on-v6 { any; };
                };
                controls { };
                zone "lab" { type primary; file "{{zone}}"; };
                """);
            server.Start("named", "-g", "-n", "1", "-c", configuration)
                .WaitUntil(() => server.Try("dig", "@127.0.0.1", "+short", "+tries=1", "+time=1", "who.lab", "TXT").ExitCode == 0, TimeSpan.FromSeconds(40), "it answers");
        }
    }
}
