using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Membership;
using Akka.Configuration;
using Akka.Event;
using Xunit;

namespace Compat.Tests.AkkaCluster.Membership;

/// <summary>Cluster nodes without actors, network and time: messages wait in a list, from which a seeded chance delivers or loses them.</summary>
internal sealed class VirtualCluster
{
    private readonly Random _random;
    private readonly ManualTime _time = new();
    private readonly ClusterSettings _settings;
    private readonly List<(VirtualNode From, Address To, IClusterWireMessage Message)> _onTheWire = [];

    public VirtualCluster(int seed, string settings = "")
    {
        _random = new Random(seed);
        _settings = new ClusterSettings(ConfigurationFactory.ParseString(settings).WithFallback(ClusterReference.Config));
    }

    public List<VirtualNode> Nodes { get; } = [];

    /// <summary>Of ten messages, how many are lost.</summary>
    public int Loss { get; set; }

    /// <summary>Who is cut off: nothing passes between one in here and one that is not.</summary>
    public HashSet<VirtualNode> CutOff { get; } = [];

    public IEnumerable<VirtualNode> Living => Nodes.Where(node => node.IsRunning);

    public static Address AddressOf(int port) => new("akka.test", "virtual", "host", port);

    public VirtualNode Start(int port, params string[] roles)
    {
        foreach (var former in Nodes.Where(node => node.Self.Address == AddressOf(port)))
        {
            former.IsRunning = false;
        }

        var node = new VirtualNode(this, new UniqueAddress(AddressOf(port), _random.Next()));
        node.Membership = new MembershipNode(node.Self, [.. roles], _settings, _random, _time, node);
        Nodes.Add(node);
        return node;
    }

    /// <summary>One second: every node's timers, and the messages that come of them, in any order.</summary>
    public void Step()
    {
        _time.Advance(TimeSpan.FromSeconds(1));
        foreach (var node in Shuffled(Living))
        {
            node.Membership.JoinTick();
            node.Membership.GossipTick();
            node.Membership.LeaderTick();
        }

        Deliver();
    }

    public void Deliver()
    {
        for (var budget = 10_000; _onTheWire.Count > 0; budget--)
        {
            Assert.True(budget > 0, "gossip does not come to rest");
            var next = _random.Next(_onTheWire.Count);
            var (from, to, message) = _onTheWire[next];
            _onTheWire.RemoveAt(next);
            if (_random.Next(10) >= Loss && Living.FirstOrDefault(node => node.Self.Address == to) is { } receiver && CutOff.Contains(from) == CutOff.Contains(receiver))
            {
                receiver.Receive(message);
            }
        }
    }

    /// <summary>Steps until it holds.</summary>
    public void StepUntil(Func<bool> condition, string what, int steps = 200)
    {
        for (var i = 0; i < steps; i++)
        {
            if (condition())
            {
                return;
            }

            Step();
        }

        Assert.Fail($"{what} did not come about: {string.Join("; ", Living.Select(node => node.ToString()))}");
    }

    /// <summary>Every living node of these marks the other as its failure detector would.</summary>
    public static void Observe(IEnumerable<VirtualNode> observers, VirtualNode of, bool isReachable)
    {
        foreach (var observer in observers.Where(observer => observer != of))
        {
            observer.Membership.Observe(of.Self, isReachable);
        }
    }

    /// <summary>All the living see the same members, all Up, and have the same view.</summary>
    public bool IsFormed(int count) =>
        Living.Count() == count
        && Living.All(node => node.View.Members.Count == count && node.View.Members.Values.All(member => member.Status == MemberStatus.Up) && node.View.Seen.Count == count);

    public T[] Shuffled<T>(IEnumerable<T> items)
    {
        T[] all = [.. items];
        _random.Shuffle(all);
        return all;
    }

    public bool Chance(int percent) => _random.Next(100) < percent;

    public T Any<T>(IEnumerable<T> items) => Shuffled(items)[0];

    public void Send(VirtualNode from, Address to, IClusterWireMessage message) => _onTheWire.Add((from, to, message));

    private sealed class ManualTime : TimeProvider
    {
        private TimeSpan _now = TimeSpan.FromDays(1);

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Advance(TimeSpan by) => _now += by;

        public override DateTimeOffset GetUtcNow() => DateTimeOffset.UnixEpoch + _now;

        public override long GetTimestamp() => _now.Ticks;
    }
}

internal sealed class VirtualNode(VirtualCluster cluster, UniqueAddress self) : IMembershipPort
{
    public UniqueAddress Self => self;

    public MembershipNode Membership { get; set; } = null!;

    public bool IsRunning { get; set; } = true;

    public bool WasDowned { get; private set; }

    public bool GaveUp { get; private set; }

    public Gossip View => Membership.Gossip;

    public List<ClusterEvent.IClusterDomainEvent> Events { get; } = [];

    /// <summary>Every view it ever had.</summary>
    public List<Gossip> History { get; } = [];

    public MemberStatus? StatusOf(VirtualNode other) => View.Find(other.Self)?.Status;

    public void Receive(IClusterWireMessage message)
    {
        switch (message)
        {
            case InitJoin one: Membership.OnInitJoin(one); break;
            case InitJoinAck one: Membership.OnInitJoinAck(one); break;
            case InitJoinNack one: Membership.OnInitJoinNack(one); break;
            case Join one: Membership.OnJoin(one); break;
            case Welcome one: Membership.OnWelcome(one); break;
            case GossipStatus one: Membership.OnGossipStatus(one); break;
            case GossipEnvelope one: Membership.OnGossip(one); break;
            case ExitingConfirmed one: Membership.OnExitingConfirmed(one); break;
        }
    }

    public override string ToString() => $"{self.Address.Port}: {string.Join(",", View.Members.Values.Select(member => $"{member.Address.Port} {member.Status}"))} seen by {View.Seen.Count}";

    void IMembershipPort.Send(Address to, IClusterWireMessage message) => cluster.Send(this, to, message);

    void IMembershipPort.Changed(Gossip before, Gossip after)
    {
        History.Add(after);
        Events.AddRange(MembershipChanges.Between(before, after, self));
    }

    void IMembershipPort.Exiting()
    {
        Membership.ConfirmExit();
        IsRunning = false;
    }

    void IMembershipPort.Downed()
    {
        WasDowned = true;
        IsRunning = false;
    }

    void IMembershipPort.GaveUpJoining() => GaveUp = true;

    void IMembershipPort.Log(LogLevel level, string message)
    {
    }
}
