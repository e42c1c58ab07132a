using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Xunit;

namespace Compat.Tests.AkkaClusterSharding.Inside;

/// <summary>
/// Regions and coordinators on members that join, leave and crash, over a network that delays and loses. Every choice is made by a generator of random numbers, so a seed is a history. Nodes learn of changes of membership at different times,
/// but, as in a cluster, no member changes its status before all that live know of the change before. Two members that have the same shard at a time fail the test at once.
/// </summary>
internal sealed class SimulatedCluster
{
    private static readonly ShardingTuning Tuning = new(TimeSpan.FromSeconds(1), 10_000, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(1), 0, 0.1, 1, 3);

    private readonly Random _random;
    private readonly List<Node> _nodes = [];
    private readonly Dictionary<(Node From, Node To), Queue<Action>> _network = [];

    /// <summary>Those of <see cref="_network"/> with something in them.</summary>
    private readonly List<Queue<Action>> _busy = [];

    /// <summary>What the cluster agreed on, version by version; each node has seen some part of it.</summary>
    private readonly List<Membership> _history = [new([], [])];

    private readonly List<Func<string>> _log = [];
    private TimeSpan _now;
    private double _loss;
    private int _lastUid;
    private long _lastTerm;

    public SimulatedCluster(int seed)
    {
        _random = new Random(seed);
        Join();
        Settle();
    }

    public static IReadOnlyList<string> Shards { get; } = [.. Enumerable.Range(0, 12).Select(number => $"shard{number}")];

    public int Delivered { get; private set; }

    public IEnumerable<Node> Alive => _nodes.Where(node => node.IsAlive);

    /// <summary>Members at work: alive, not leaving.</summary>
    public IReadOnlyList<Node> Staying => [.. Alive.Where(node => !node.IsLeaving)];

    private Membership Latest => _history[^1];

    /// <summary>A history of so many events.</summary>
    public void Live(int events, double loss)
    {
        _loss = loss;
        for (var i = 0; i < events; i++)
        {
            var node = Pick(Alive.ToArray());
            switch (_random.Next(1000))
            {
                case < 350:
                    DeliverSome();
                    break;
                case < 500:
                    node.LearnNext();
                    break;
                case < 650:
                    node.Route(Pick(Shards));
                    break;
                case < 750:
                    node.EndSomeShard();
                    break;
                case < 850:
                    node.Retry();
                    break;
                case < 890:
                    node.Coordinator?.Rebalance(_now);
                    break;
                case < 950:
                    Decide();
                    break;
                case < 970:
                    _now += TimeSpan.FromSeconds(_random.NextDouble() * 2);
                    break;
                case < 980:
                    if (Alive.Count() < 6)
                    {
                        Join();
                    }

                    break;
                case < 985:
                    if (Staying.Count > 1)
                    {
                        Pick(Staying).Leave(handsOverFirst: _random.Next(2) == 0);
                    }

                    break;
                case < 988:
                    if (Staying.Count > 1)
                    {
                        Pick(Staying).Crash();
                    }

                    break;
                case < 990:
                    node.RestartCoordinator();
                    break;
            }
        }
    }

    /// <summary>Lets all that was begun come to its end, without losses.</summary>
    public void Settle()
    {
        _loss = 0;
        for (var round = 0; round < 60; round++)
        {
            Decide();
            foreach (var node in Alive.ToArray())
            {
                while (node.LearnNext())
                {
                }

                node.Retry();
                while (node.EndSomeShard())
                {
                }

                node.Coordinator?.Rebalance(_now);
            }

            while (DeliverSome())
            {
            }

            _now += TimeSpan.FromSeconds(1);
        }
    }

    private void Join()
    {
        // Addresses come again, with another incarnation.
        var free = Enumerable.Range(1, 6).Where(port => !Latest.Members.Any(member => member.Node.Address.Port == port)).ToArray();
        if (free.Length == 0)
        {
            return;
        }

        var node = new Node(this, new UniqueAddress(new Address("akka.tcp", "sim", "host", Pick(free)), ++_lastUid)) { Seen = _history.Count - 1 };
        _nodes.Add(node);
    }

    /// <summary>One step of the leader, if all that live know of the one before.</summary>
    private void Decide()
    {
        var members = Latest.Members;
        var crashed = members.Where(member => !NodeOf(member.Node).IsAlive && member.Status != MemberStatus.Exiting).Select(member => member.Node).ToArray();
        if (crashed.Except(Latest.Unreachable).ToArray() is [var lost, ..])
        {
            // The failure detector asks for no agreement.
            _history.Add(Latest with { Unreachable = [.. Latest.Unreachable, lost] });
            return;
        }

        if (Alive.Any(node => node.Seen < _history.Count - 1))
        {
            return;
        }

        if (members.FirstOrDefault(member => Latest.Unreachable.Contains(member.Node) || !NodeOf(member.Node).IsAlive || (member.Status == MemberStatus.Exiting && NodeOf(member.Node).HasStopped)) is { } gone)
        {
            _history.Add(new([.. members.Where(member => member != gone)], [.. Latest.Unreachable.Where(node => node != gone.Node)]));
        }
        else if (members.FirstOrDefault(member => member.Status == MemberStatus.Up && NodeOf(member.Node).WantsToExit) is { } leaving)
        {
            _history.Add(Latest with { Members = [.. members.Select(member => member == leaving ? member with { Status = MemberStatus.Exiting } : member)] });
        }
        else if (Alive.FirstOrDefault(node => !node.IsLeaving && !members.Any(member => member.Node == node.Address)) is { } joining)
        {
            _history.Add(Latest with { Members = [.. members, new(joining.Address, MemberStatus.Up)] });
        }
    }

    /// <summary>The last that happened to a shard, and to the membership.</summary>
    private string Story(string shard) => string.Join(Environment.NewLine, _log.Select(entry => entry()).Where(line => System.Text.RegularExpressions.Regex.IsMatch(line, $@"\b{shard}\b") || !line.Contains("shard", StringComparison.Ordinal)).TakeLast(40));

    private bool DeliverSome()
    {
        if (_busy.Count == 0)
        {
            return false;
        }

        var queue = Pick(_busy);
        var deliver = queue.Dequeue();
        if (queue.Count == 0)
        {
            _busy.Remove(queue);
        }

        deliver();
        return true;
    }

    private void Send(Node from, Node to, Action action, object? what = null, bool reliable = false)
    {
        if (from != to && !reliable && _random.NextDouble() < _loss)
        {
            _log.Add(() => $"lost from {from} to {to}: {what} ");
            return;
        }

        if (!_network.TryGetValue((from, to), out var queue))
        {
            _network.Add((from, to), queue = new Queue<Action>());
        }

        if (queue.Count == 0)
        {
            _busy.Add(queue);
        }

        queue.Enqueue(() =>
        {
            if (to.IsAlive)
            {
                if (what is not null)
                {
                    _log.Add(() => $"from {from} to {to}: {what} ");
                }

                action();
            }
        });
    }

    private Node NodeOf(UniqueAddress address) => _nodes[address.Uid - 1];

    private Node NodeOf(IActorRef reference) => NodeOf(((SimulatedReference)reference).Node);

    private T Pick<T>(IReadOnlyList<T> list) => list[_random.Next(list.Count)];

    /// <summary>Oldest first.</summary>
    private sealed record Membership(SimulatedMember[] Members, UniqueAddress[] Unreachable)
    {
        public override string ToString() => $"{string.Join<SimulatedMember>(' ', Members)} unreachable {string.Join(' ', Unreachable.Select(node => node.Uid))}";
    }

    private sealed record SimulatedMember(UniqueAddress Node, MemberStatus Status)
    {
        public override string ToString() => $"{Node.Uid}:{Status}";
    }

    internal sealed class Node : IRegionWork
    {
        private readonly SimulatedCluster _cluster;
        private readonly List<string> _ending = [];
        private bool _exitsFirst;

        public Node(SimulatedCluster cluster, UniqueAddress address)
        {
            _cluster = cluster;
            Address = address;
            RegionReference = new SimulatedReference(address, "region");
            CoordinatorReference = new SimulatedReference(address, "coordinator");
            Region = new RegionState(RegionReference, address, isProxy: false, Tuning.BufferSize, this);
        }

        public UniqueAddress Address { get; }

        public IActorRef RegionReference { get; }

        public IActorRef CoordinatorReference { get; }

        public RegionState Region { get; }

        public CoordinatorState? Coordinator { get; private set; }

        /// <summary>Shards with entities.</summary>
        public HashSet<string> Running { get; } = [];

        public int Seen { get; set; }

        public bool IsAlive { get; private set; } = true;

        public bool IsLeaving { get; private set; }

        public bool HasStopped { get; private set; }

        public bool WantsToExit => IsLeaving && (_exitsFirst || HasStopped);

        private Membership View => _cluster._history[Seen];

        public override string ToString() => $"{Address.Uid}";

        public void Route(string shard)
        {
            if (!HasStopped)
            {
                Region.Route(shard, new Message(shard, null));
            }
        }

        /// <summary>Learns of the next version of the membership.</summary>
        public bool LearnNext()
        {
            if (!IsAlive || Seen >= _cluster._history.Count - 1)
            {
                return false;
            }

            var before = View;
            Seen++;
            var view = View;
            _cluster._log.Add(() => $"{this} learns {view}");
            if (before.Members.Any(member => member.Node == Address) && !View.Members.Any(member => member.Node == Address))
            {
                IsAlive = false;
                Running.Clear();
                return false;
            }

            var self = View.Members.FirstOrDefault(member => member.Node == Address);
            if (self?.Status == MemberStatus.Exiting && !HasStopped)
            {
                Region.Stop();
            }

            var oldest = View.Members.FirstOrDefault(member => member.Status == MemberStatus.Up)?.Node;
            if (oldest != Address)
            {
                Coordinator = null;
            }
            else
            {
                Coordinator ??= NewCoordinator();
                TellMembers();
            }

            Region.RegionGone(reference => !View.Members.Any(member => member.Node == _cluster.NodeOf(reference).Address));
            Region.CoordinatorIsAt(oldest!);
            StopIfDone();
            return true;
        }

        public void Retry()
        {
            if (!HasStopped)
            {
                Region.Retry();
                StopIfDone();
            }

            Coordinator?.Retry(_cluster._now);
        }

        public bool EndSomeShard()
        {
            if (_ending.Count == 0)
            {
                return false;
            }

            var shard = _cluster.Pick(_ending);
            _ending.Remove(shard);
            Assert.True(Running.Remove(shard));
            Region.ShardEnded(shard);
            StopIfDone();
            return true;
        }

        public void Leave(bool handsOverFirst)
        {
            if (!View.Members.Any(member => member.Node == Address))
            {
                return;
            }

            IsLeaving = true;
            _exitsFirst = !handsOverFirst;
            if (handsOverFirst)
            {
                Region.Stop();
                StopIfDone();
            }
        }

        public void Crash()
        {
            IsAlive = false;
            Running.Clear();
        }

        public void RestartCoordinator()
        {
            if (Coordinator is not null)
            {
                _cluster._log.Add(() => $"coordinator {this} restarts");
                Coordinator = NewCoordinator();
                TellMembers();
            }
        }

        void IRegionWork.Register(UniqueAddress coordinator, RegisterRegion message)
        {
            var to = _cluster.NodeOf(coordinator);
            _cluster.Send(this, to, () => to.Coordinator?.Register(RegionReference, message), message);
        }

        void IRegionWork.Tell(IActorRef recipient, IShardingMessage message)
        {
            var to = _cluster.NodeOf(recipient);
            _cluster.Send(this, to, () => to.ToCoordinator(RegionReference, message), message);
        }

        void IRegionWork.Forward(IActorRef region, Message message)
        {
            var to = _cluster.NodeOf(region);
            _cluster.Send(this, to, () => to.Route((string)message.Content));
        }

        void IRegionWork.StartShard(string shard)
        {
            _cluster._log.Add(() => $"{this} starts {shard} ");
            Assert.True(Running.Add(shard), $"{shard} starts twice on {Address}");
            Assert.True(_cluster.Alive.Count(node => node.Running.Contains(shard)) == 1, $"{shard} has two homes, {string.Join(", ", _cluster.Alive.Where(node => node.Running.Contains(shard)))}{Environment.NewLine}{_cluster.Story(shard)}");
        }

        void IRegionWork.StopShard(string shard) => _ending.Add(shard);

        void IRegionWork.Deliver(string shard, Message message)
        {
            Assert.Contains(shard, Running);
            Assert.DoesNotContain(shard, _ending);
            _cluster.Delivered++;
        }

        void IRegionWork.Drop(Message message) => Assert.True(IsLeaving, "a message was given up");

        private CoordinatorState NewCoordinator()
        {
            var term = ++_cluster._lastTerm;
            return new CoordinatorState(
                Address,
                term,
                Tuning,
                (region, message) =>
                {
                    var to = _cluster.NodeOf(region);
                    _cluster.Send(this, to, () => to.ToRegion(CoordinatorReference, message), message);
                },
                node =>
                {
                    var to = _cluster.NodeOf(node);
                    _cluster.Send(this, to, () =>
                    {
                        if (to.HasStopped)
                        {
                            _cluster.Send(to, this, () => Coordinator?.HasNoRegion(node));
                        }
                        else
                        {
                            to.Region.Invited(term);
                        }
                    });
                });
        }

        private void TellMembers() => Coordinator!.MembersAre([.. View.Members.Select(member =>
            new HostNode(member.Node, member.Status == MemberStatus.Up, !View.Unreachable.Contains(member.Node)))]);

        private void ToRegion(IActorRef sender, IShardingMessage message)
        {
            if (HasStopped)
            {
                return;
            }

            switch (message)
            {
                case RegionRegistered registered:
                    Region.Registered(sender, registered.Node);
                    break;
                case RegionInvited invitation:
                    Region.Invited(invitation.Number);
                    break;
                case { } when !Region.Obeys(sender):
                    break;
                case ShardHome home:
                    Region.HomeIs(home.Shard, home.Region);
                    break;
                case BeginHandOff begin:
                    Region.BeginHandOff(begin.Shard, begin.Number);
                    break;
                case HandOff handOff:
                    Region.HandOff(handOff.Shard, handOff.Number);
                    break;
            }

            StopIfDone();
        }

        private void ToCoordinator(IActorRef sender, IShardingMessage message)
        {
            switch (message)
            {
                case GetShardHome get:
                    Coordinator?.Asked(sender, get.Shard);
                    break;
                case BeginHandOffAck ack:
                    Coordinator?.BeginHandOffAcknowledged(sender, ack.Shard, ack.Number);
                    break;
                case ShardStopped stopped:
                    Coordinator?.ShardStopped(sender, stopped.Shard, stopped.Number, _cluster._now);
                    break;
                case ShutDownRegion:
                    Coordinator?.ShutDownRequested(sender, _cluster._now);
                    break;
            }
        }

        private void StopIfDone()
        {
            if (HasStopped || !Region.IsDone)
            {
                return;
            }

            _cluster._log.Add(() => $"region {this} has stopped");
            HasStopped = true;
            Region.DropAll();
            foreach (var node in _cluster.Alive)
            {
                // Death watch does not get lost.
                _cluster.Send(this, node, () => node.Coordinator?.RegionGone(RegionReference, isNodeGivenUp: false), reliable: true);
                _cluster.Send(this, node, () => node.Region.RegionGone(RegionReference.Equals), reliable: true);
            }
        }
    }
}
