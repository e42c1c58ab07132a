using System.Text.Json;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;
using Director.Lab.Witness;

namespace Director.Lab.Tests.Clusters;

/// <summary>A lab with several directors that know each other, stream servers on its real servers, and a witness among the clients.</summary>
internal sealed class ClusterLab : IDisposable
{
    internal const int Port = 7000;

    private static readonly AddressPlan _plan = AddressPlan.IPv4;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(40);

    internal ClusterLab(Topology topology, int directors = 2, ClusterConfiguration? configuration = null, params IEnumerable<Func<LabTopology, string>> moreServices)
    {
        Net = new(topology, realServers: 3, directors);
        try
        {
            BuiltInPrograms.StartStreamServers(Net.RealServers, Port);
            if (topology == Topology.Tunnel)
            {
                BuiltInPrograms.StartDecapsulations(Net.RealServers, AddressPlan.Both.Select(Net.Vip));
            }

            IEnumerable<string> services =
                [.. new[] { "tcp", "udp" }.Select(protocol => new ServiceConfiguration { Name = $"streams-{protocol}", Protocol = protocol, Port = Port }.For(Net, _plan)), .. moreServices.Select(service => service(Net))];
            for (int number = 1; number <= directors; number++)
            {
                Directors.Add(LabDirector.Begin(Net.Directors[number - 1], (configuration ?? new()).For(Net, number, services)));
            }

            Directors.ForEach(director => director.WaitUntilReady());
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal LabTopology Net { get; }

    /// <summary>The directors in the order of their numbers, which begin at 1.</summary>
    internal List<LabDirector> Directors { get; } = [];

    /// <summary>The VIP with the streams' port.</summary>
    internal string Target => _plan.WithPort(Net.Vip(_plan), Port);

    /// <summary>The number of the director that a client reaches by the VIP; 0 when there is none.</summary>
    internal int Holder => Net.Holder(_plan);

    internal LabDirector Director(int number) => Directors[number - 1];

    /// <summary>Waits until clients reach one of the directors by the VIP, and returns its number.</summary>
    internal int WaitForHolder(Func<int, bool>? isWanted = null)
    {
        int holder = 0;
        Eventually.Holds(() => (holder = Holder) != 0 && isWanted?.Invoke(holder) != false, _patience, () => $"a director holds the VIP; {holder} does; {Said}");
        return holder;
    }

    /// <summary>Waits until a director hears the others and has all their connections.</summary>
    internal void WaitUntilSynchronised(int number) => Eventually.Holds(
        () =>
        {
            using JsonDocument status = Status(number);
            JsonElement synchronisation = status.RootElement.GetProperty("synchronisation");
            return synchronisation.GetProperty("isSynchronised").GetBoolean()
                && synchronisation.GetProperty("peers") is var peers
                && peers.GetArrayLength() == Directors.Count(one => !one.Process.HasEnded) - 1
                && peers.EnumerateArray().All(peer => peer.GetProperty("stage").GetString() == "caught-up");
        },
        _patience,
        () => $"director{number} is synchronised; {Said}");

    /// <summary>A director's own figures, from its <c>/cluster</c>: cheaper to ask for again and again than <c>director status</c>.</summary>
    internal JsonElement Figures(int number)
    {
        using JsonDocument cluster = JsonDocument.Parse(Net.Directors[number - 1].Run(
            "curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "--max-time", "30", "http://127.0.0.1:9090/cluster"));
        return cluster.RootElement.GetProperty("directors").EnumerateArray()
            .Single(director => director.GetProperty("name").GetString() == $"director{number}" && director.GetProperty("ageSeconds").GetDouble() == 0).Clone();
    }

    /// <summary>What <c>director status --json</c> says on a director.</summary>
    internal JsonDocument Status(int number)
    {
        CommandResult status = Director(number).TryStatus("--json");
        Assert.True(status.ExitCode == 0, $"status on director{number}: {status.Error}; {Said}");
        return JsonDocument.Parse(status.Output);
    }

    /// <summary>How often a director has taken the VIP since it started.</summary>
    internal int Takes(int number)
    {
        using JsonDocument status = Status(number);
        return Vips(status).GetProperty("takes").GetInt32();
    }

    /// <summary>Whether a director says that it holds the VIP.</summary>
    internal bool Holds(int number)
    {
        using JsonDocument status = Status(number);
        return Vips(status).GetProperty("role").GetString() == "holds";
    }

    private static JsonElement Vips(JsonDocument status) =>
        status.RootElement.GetProperty("groups").EnumerateArray().Single(group => group.GetProperty("name").GetString() == "vips");

    /// <summary>A director's groups. Whose heartbeat thread has no time to answer shows none, and is asked again.</summary>
    internal IReadOnlyList<JsonElement> Groups(int number)
    {
        JsonElement[] groups = [];
        Eventually.Holds(() => (groups = [.. Figures(number).GetProperty("groups").EnumerateArray()]).Length > 0, _patience, () => $"director{number} shows its groups; {Said}");
        return groups;
    }

    /// <summary>What each director does for each group, and how often it has taken it.</summary>
    internal string Roles => string.Join(", ", Enumerable.Range(1, Directors.Count).SelectMany(number => Groups(number)
        .Select(group => $"director{number} {group.GetProperty("name")} {group.GetProperty("role")} taken {group.GetProperty("takes")} times")));

    /// <summary>A witness that holds streams through the VIP.</summary>
    internal LabWitness Watch(int streams) => LabWitness.Start(
        Net.Client, new(Target) { From = Net.ClientAddresses(_plan), Streams = streams, ProbeTarget = Target });

    internal void Kill(int number)
    {
        Director(number).Process.Signal(Signals.Kill);
        Director(number).Process.WaitForEnd(_patience);
    }

    /// <summary>Starts a director again that has ended.</summary>
    internal void StartAgain(int number) => Directors[number - 1] = Director(number).StartAgain();

    /// <summary>What the directors said last, for messages.</summary>
    internal string Said => string.Join(" | ", Directors.Select((one, i) => $"director{i + 1}: {Last(one.Process.Output)} {Last(one.Process.Error)}"));

    public void Dispose() => Net.Dispose();

    private static string Last(string text) => text.Length > 1500 ? text[^1500..] : text;
}
