using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Director.Lab.Load;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Clusters;

/// <summary>A lab whose directors share the clients, with a web service besides the streams and an observer on each LAN who looks for the shared MAC as a source.</summary>
internal sealed class SharedLab : IDisposable
{
    private const int Port = 80;
    private const int Blocks = 512;

    private static readonly AddressPlan _plan = AddressPlan.IPv4;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    private readonly IReadOnlyList<int> _weights;
    private readonly List<HostProcess> _observers = [];

    internal SharedLab(Topology topology, params IReadOnlyList<int> weights)
    {
        _weights = weights;
        Cluster = new(topology, weights.Count, new() { Mode = "active-active", Weights = weights }, Web);
        try
        {
            BuiltInPrograms.StartWebServers(Cluster.Net.RealServers, Port);
            WaitUntilDivided();
            SharedMac = NeighbourOf(Cluster.Net.Client, Cluster.Net.Vip(_plan));
            foreach (string lan in Lans)
            {
                // ARP too: an observer who sees none of it sees nothing at all.
                _observers.Add(Cluster.Net.Network.Switch.Start("tcpdump", "-n", "-e", "-l", "-i", lan, $"ether src {SharedMac} or arp"));
                _observers[^1].WaitUntil(() => _observers[^1].Error.Contains("listening on", StringComparison.Ordinal), _patience, "it listens");
            }

            NeighbourOf(Cluster.Net.Client, Cluster.Net.Vip(_plan));
            if (Cluster.Net.DirectorIsGateway)
            {
                Assert.Equal(SharedMac, NeighbourOf(Cluster.Net.RealServers[0], Cluster.Net.Gateway(_plan)));
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal ClusterLab Cluster { get; }

    /// <summary>What the directors answer with for the VIP.</summary>
    internal string SharedMac { get; }

    private IEnumerable<string> Lans => Cluster.Net.Topology == Topology.Direct ? ["outside"] : ["outside", "inside"];

    /// <summary>Waits until the living directors agree on a map in which each has its part of the blocks, and all have each other's connections.</summary>
    internal void WaitUntilDivided()
    {
        string seen = "";
        Eventually.Holds(() => IsDivided(out seen), _patience, () => $"the blocks are divided by weight: {seen}; {Cluster.Said}");
    }

    /// <summary>The number of the partition's master, by what the living directors say.</summary>
    internal int Master()
    {
        string name = Assert.Single(Living.Select(number => Partition(number).GetProperty("master").GetString()!).Distinct());
        return int.Parse(name["director".Length..], CultureInfo.InvariantCulture);
    }

    /// <summary>Opens short connections from all of the client's addresses, and returns how many of them each director set up.</summary>
    internal long[] Share(int connections)
    {
        long[] before = [.. Living.Select(SetUp)];
        LoadFigures load = BuiltInPrograms.RunLoad(Cluster.Net.Client, Load with { Requests = connections, Clients = 32 }, _patience);
        Assert.True(load.Answered == connections && load.Failed == 0, $"{load.ToJson()} {Cluster.Said}");
        return [.. Living.Select((number, i) => SetUp(number) - before[i])];
    }

    /// <summary>Starts a load that goes on until it is asked to end.</summary>
    internal HostProcess StartLoad() => BuiltInPrograms.StartLoad(Cluster.Net.Client, Load with { Clients = 8 });

    /// <summary>Kills a director, and returns after how many milliseconds each of the others had another map.</summary>
    internal IReadOnlyList<double> Kill(int number)
    {
        List<double> taken = [];
        long start = 0;
        foreach (int other in Living.Where(other => other != number))
        {
            bool isFirst = true;
            Cluster.Director(other).Process.LineWritten += line =>
            {
                if (start != 0 && isFirst && line.Contains("partition of group", StringComparison.Ordinal))
                {
                    isFirst = false;
                    lock (taken)
                    {
                        taken.Add(Stopwatch.GetElapsedTime(start).TotalMilliseconds);
                    }
                }
            };
        }

        start = Stopwatch.GetTimestamp();
        Cluster.Kill(number);
        WaitUntilDivided();
        return taken;
    }

    /// <summary>Ends the observers: none may have seen a frame from the shared MAC, and each must have seen something.</summary>
    internal void AssertNoFrameFromSharedMac()
    {
        foreach (HostProcess observer in _observers)
        {
            observer.Stop(_patience);
            string[] lines = observer.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Contains(lines, line => line.Contains($"is-at {SharedMac}", StringComparison.Ordinal));
            Assert.DoesNotContain(lines, line => line.Contains($" {SharedMac} > ", StringComparison.Ordinal));
        }
    }

    public void Dispose() => Cluster.Dispose();

    private IEnumerable<int> Living => Enumerable.Range(1, Cluster.Directors.Count).Where(number => !Cluster.Director(number).Process.HasEnded);

    private LoadOptions Load => new(_plan.WithPort(Cluster.Net.Vip(_plan), Port)) { From = Cluster.Net.ClientAddresses(_plan) };

    private static string Web(LabTopology net) => new ServiceConfiguration { Port = Port }.For(net, _plan);

    private bool IsDivided(out string seen)
    {
        int[] living = [.. Living];
        var all = living.Select(number =>
        {
            JsonElement partition = Partition(number);
            return (Blocks: partition.GetProperty("blocks").GetInt32(), Epoch: partition.GetProperty("epoch").GetInt64());
        }).ToArray();
        seen = string.Join(", ", all);
        double weight = living.Sum(number => _weights[number - 1]);
        return all.Sum(one => one.Blocks) == Blocks
            && all.All(one => one.Epoch == all[0].Epoch && one.Epoch > 0)
            && living.Zip(all).All(one => Math.Abs(one.Second.Blocks - (Blocks * _weights[one.First - 1] / weight)) <= 1);
    }

    private JsonElement Partition(int number) => Cluster.Groups(number).Single(group => group.GetProperty("name").GetString() == "vips").GetProperty("partition");

    private long SetUp(int number) => Cluster.Figures(number).GetProperty("engine").GetProperty("services").EnumerateArray()
        .Single(service => service.GetProperty("spec").GetProperty("name").GetString() == "www").GetProperty("totals").GetProperty("connections").GetInt64();

    private static string NeighbourOf(LabHost host, string address)
    {
        host.Try("ip", "neigh", "del", address, "dev", "eth0");
        host.Run("ping", "-c", "1", "-W", "5", address);
        string[] words = host.Run("ip", "neigh", "show", address, "dev", "eth0").Split(' ');
        return words[Array.IndexOf(words, "lladdr") + 1];
    }
}
