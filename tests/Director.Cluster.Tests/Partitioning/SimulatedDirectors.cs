using System.Collections.Immutable;
using Director.Cluster.Availability;
using Director.Cluster.Partitioning;
using Director.Configuration;
using Xunit;

namespace Director.Cluster.Tests.Partitioning;

/// <summary>Directors of one group that hear each other when the test says so, one heartbeat at a time.</summary>
internal sealed class SimulatedDirectors
{
    private static readonly DateTimeOffset Epoch = DateTimeOffset.UnixEpoch;
    private readonly Dictionary<string, Node> _nodes = [];
    private readonly HashSet<(string From, string To)> _cut = [];

    /// <summary>A director: what it is, and what it last heard of the others.</summary>
    internal sealed class Node(string name, int started, int weight)
    {
        public string Name => name;

        public GroupPartition Partition { get; } = new("www", weight);

        public int Weight => weight;

        public int Started => started;

        public bool IsReady { get; set; } = true;

        public bool IsEligible { get; set; } = true;

        public bool IsStopping { get; set; }

        public int PingNodesReached { get; set; } = 1;

        public PartitionReport? Report { get; private set; }

        public Dictionary<string, (HeardDirector Facts, PartitionReport? Report)> Heard { get; } = [];

        public HeardDirector Facts => new()
        {
            Name = name,
            Boot = (ulong)started,
            Started = Epoch.AddSeconds(started),
            Mode = AvailabilityMode.ActiveActive,
            IsEligible = IsEligible && !IsStopping && PingNodesReached > 0,
            IsStopping = IsStopping,
            PingNodes = 1,
            PingNodesReached = PingNodesReached,
            Hears = [.. Heard.Keys.Order(StringComparer.Ordinal)],
        };

        public void Update()
        {
            var before = Partition.Map;
            var reports = Heard.Where(each => each.Value.Report is not null).ToDictionary(each => each.Key, each => each.Value.Report!, StringComparer.Ordinal);
            var report = Partition.Update(new HeardDirectors(Facts, [.. Heard.Values.Select(each => each.Facts)]), reports, IsReady);
            if (report != Report)
                Report = Read(report);
            Assert.True(Partition.Map.Epoch >= before.Epoch, $"{name} goes back from epoch {before.Epoch} to {Partition.Map.Epoch}");
        }

        // What is told must survive the wire.
        private static PartitionReport Read(PartitionReport report) => PartitionReport.TryDecode(report.Encode(), out var read) ? read : throw new InvalidOperationException("unreadable");
    }

    public IEnumerable<Node> Living => _nodes.Values.OrderBy(node => node.Name, StringComparer.Ordinal);

    public Node this[string name] => _nodes[name];

    public Node Start(string name, int started, int weight = 100, bool isEligible = true)
    {
        var node = new Node(name, started, weight) { IsEligible = isEligible };
        _nodes.Add(name, node);
        node.Update();
        return node;
    }

    public void Kill(string name) => _nodes.Remove(name);

    /// <summary>No heartbeat goes from one to the other any more.</summary>
    public void Cut(string from, string to) => _cut.Add((from, to));

    public void Heal() => _cut.Clear();

    /// <summary>Every link between two sides, both ways.</summary>
    public void Split(string[] one, string[] other)
    {
        foreach (var left in one)
        {
            foreach (var right in other)
            {
                Cut(left, right);
                Cut(right, left);
            }
        }
    }

    /// <summary>A director hears another's heartbeat, or notices that it hears it no more.</summary>
    public void Hear(string from, string to)
    {
        var node = _nodes[to];
        if (_nodes.TryGetValue(from, out var sender) && !_cut.Contains((from, to)))
            node.Heard[from] = (sender.Facts, sender.Report);
        else
            node.Heard.Remove(from);
        node.Update();
    }

    /// <summary>One heartbeat, or one silence, between two that chance chooses.</summary>
    public void Step(Random random)
    {
        string[] living = [.. _nodes.Keys.Order(StringComparer.Ordinal)];
        var to = living[random.Next(living.Length)];
        string[] from = [.. living.Union(_nodes[to].Heard.Keys).Where(name => name != to).Order(StringComparer.Ordinal)];
        if (from.Length > 0)
            Hear(from[random.Next(from.Length)], to);
        else
            _nodes[to].Update();
    }

    /// <summary>Everybody hears everybody until nothing changes any more.</summary>
    public void Settle()
    {
        for (var round = 0; round < 40; round++)
        {
            var before = Living.Select(node => node.Report).ToArray();
            foreach (var to in Living.ToArray())
            {
                to.Update();
                foreach (var from in _nodes.Keys.Union(to.Heard.Keys).Where(name => name != to.Name).ToArray())
                    Hear(from, to.Name);
            }

            if (round > 2 && before.SequenceEqual(Living.Select(node => node.Report)))
                return;
        }

        Assert.Fail("the directors do not agree: " + string.Join("; ", Living.Select(node => $"{node.Name} epoch {node.Partition.Map.Epoch}")));
    }

    /// <summary>How many directors serve a block whole, and how many forward its known connections.</summary>
    public (int Whole, int Known) Serving(int block) =>
        (Living.Count(node => node.Partition.Begun[block]), Living.Count(node => node.Partition.Begun[block] || node.Partition.Ending[block]));

    /// <summary>One map, each block served by its owner alone, shares by weight.</summary>
    public void AssertAgreed(params string[] owners)
    {
        var map = Living.First().Partition.Map;
        Assert.All(Living, node => Assert.Equal(map, node.Partition.Map));
        Assert.True(map.Directors.SetEquals(owners), $"{string.Join(' ', map.Directors)} own blocks");
        var sum = owners.Sum(name => _nodes[name].Weight);
        Assert.All(owners, name => Assert.InRange(map.CountOf(name), 512 * _nodes[name].Weight / sum, (512 * _nodes[name].Weight / sum) + 1));
        foreach (var node in Living)
        {
            Assert.Equal(map.Owners.Select(owner => owner == node.Name), node.Partition.Begun.AsEnumerable());
            Assert.DoesNotContain(true, node.Partition.Ending);
        }
    }
}
