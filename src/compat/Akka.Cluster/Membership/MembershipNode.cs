using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;

namespace Akka.Cluster.Membership;

/// <summary>What a node's membership does to the world around it.</summary>
internal interface IMembershipPort
{
    void Send(Address to, IClusterWireMessage message);

    /// <summary>The node sees the cluster anew.</summary>
    void Changed(Gossip before, Gossip after);

    /// <summary>The cluster let this node go: time to end what runs on it and then to <see cref="MembershipNode.ConfirmExit"/>.</summary>
    void Exiting();

    /// <summary>The cluster no longer wants this node.</summary>
    void Downed();

    /// <summary>No seed let this node in for as long as <c>shutdown-after-unsuccessful-join-seed-nodes</c>.</summary>
    void GaveUpJoining();

    void Log(LogLevel level, string message);
}

/// <summary>
/// One node's part in the membership protocol: joining, gossip, the leader's duties, leaving. Pure but for <paramref name="random"/>, <paramref name="clock"/> and <paramref name="port"/>; not thread safe.
/// </summary>
internal sealed class MembershipNode(
    UniqueAddress self, ImmutableHashSet<string> roles, ClusterSettings settings, Random random, TimeProvider clock, IMembershipPort port)
{
    /// <summary>Whom a node that was downed, or is through with leaving, tells about it.</summary>
    private const int LastGossips = 5;

    /// <summary>Ticks without convergence after which the operator hears of it.</summary>
    private const int ManyIdleTicks = 20;

    private readonly HashSet<UniqueAddress> _exited = [];
    private readonly HashSet<Address> _refusals = [];
    private Gossip _gossip = Gossip.Empty;
    private ImmutableArray<Address> _seeds = [];
    private long _seedsSince;
    private long _seekingSince;
    private long _lastInitJoin;
    private int _attempts;
    private Address _target;
    private long _targetSince;
    private long _memberSince;
    private int _gossipTicks;
    private int _idleLeaderTicks;
    private bool _isLeader;
    private bool _isExiting;
    private bool _isDowned;

    public Gossip Gossip => _gossip;

    private bool IsMember => _gossip.Find(self) is not null;

    private bool IsSeeking => !IsMember && _target is null && !_seeds.IsEmpty;

    private IEnumerable<Address> OtherSeeds => _seeds.Where(seed => seed != self.Address);

    /// <summary>Joins the cluster of the node at an address; at the own one, makes a new cluster.</summary>
    public void Join(Address address)
    {
        _seeds = [];
        JoinThrough(address);
    }

    /// <summary>Joins the cluster of the first seed that answers. Only the first of the list makes a new cluster, when no other answers within <c>seed-node-timeout</c>.</summary>
    public void JoinSeeds(IEnumerable<Address> seeds)
    {
        if (IsMember)
        {
            Log(LogLevel.InfoLevel, "is already part of a cluster: seeds to join are ignored");
            return;
        }

        _seeds = [.. seeds.Distinct()];
        _seedsSince = clock.GetTimestamp();
        Seek();
    }

    /// <summary>Repeats what was not answered.</summary>
    public void JoinTick()
    {
        if (IsMember || _isDowned)
        {
            return;
        }

        if (!_seeds.IsEmpty && settings.ShutdownAfterUnsuccessfulJoinSeedNodes is { } limit && Elapsed(_seedsSince) >= limit)
        {
            Log(LogLevel.WarningLevel, $"could not join through the seeds [{string.Join(", ", _seeds)}] within {limit}: shutting down");
            _seeds = [];
            _target = null;
            port.GaveUpJoining();
        }
        else if (_target is not null)
        {
            if (settings.RetryUnsuccessfulJoinAfter is { } again && Elapsed(_targetSince) >= again)
            {
                RetryJoin();
            }
        }
        else if (IsSeeking)
        {
            SeekOn();
        }
    }

    public void OnInitJoin(InitJoin message) =>
        port.Send(message.From, CanLetIn ? new InitJoinAck(self.Address) : new InitJoinNack(self.Address));

    public void OnInitJoinAck(InitJoinAck message)
    {
        if (IsSeeking)
        {
            Log(LogLevel.InfoLevel, $"Received InitJoinAck message from [{message.From}]");
            JoinThrough(message.From);
        }
    }

    public void OnInitJoinNack(InitJoinNack message)
    {
        if (!IsSeeking || !_seeds.Contains(message.From))
        {
            return;
        }

        _refusals.Add(message.From);
        if (_seeds[0] == self.Address && _refusals.IsSupersetOf(OtherSeeds))
        {
            JoinThrough(self.Address);
        }
    }

    public void OnJoin(Join message)
    {
        var node = message.Node;
        if (!IsOfThisSystem(node.Address) || (node != self && !IsMember))
        {
            return;
        }

        if (IsMember && !CanLetIn)
        {
            Log(LogLevel.InfoLevel, $"Trying to join [{node.Address}] to [{_gossip.Find(self).Status}] member, ignoring. Use a member that is Up.");
            return;
        }

        if (_gossip.Tombstones.ContainsKey(node))
        {
            Log(LogLevel.WarningLevel, $"[{node.Address}] was removed from the cluster and may only join again as a new incarnation");
            return;
        }

        if (_gossip.Find(node) is not null)
        {
            Log(LogLevel.InfoLevel, $"Existing member [{node}] is joining again.");
            WelcomeIn(node);
            return;
        }

        if (_gossip.Members.Values.FirstOrDefault(member => member.Address == node.Address) is { } former)
        {
            Replace(former);
            return;
        }

        Log(LogLevel.InfoLevel, node == self
            ? $"Node [{node.Address}] is JOINING itself (with roles [{string.Join(", ", message.Roles)}]) and forming a new cluster"
            : $"Node [{node.Address}] is JOINING, roles [{string.Join(", ", message.Roles)}]");
        Become(_gossip.With(new Member(node, Member.NotYetUp, MemberStatus.Joining, message.Roles)).ChangedBy(self));
        if (node == self)
        {
            LeaderTick();
        }
        else
        {
            WelcomeIn(node);
        }
    }

    public void OnWelcome(Welcome message)
    {
        if (IsMember || _isDowned)
        {
            return;
        }

        if (_target != message.From.Address || message.Gossip.Find(self) is null)
        {
            Log(LogLevel.InfoLevel, $"Ignoring welcome from [{message.From.Address}] when trying to join with [{_target}]");
            return;
        }

        Log(LogLevel.InfoLevel, $"Welcome from [{message.From.Address}]");
        Become(message.Gossip.SeenBy(self));
        SendGossip(message.From);
    }

    public void OnGossipStatus(GossipStatus message)
    {
        if (!IsHeeded(message.From))
        {
            return;
        }

        switch (_gossip.Version.CompareTo(message.Version))
        {
            case VersionOrder.Same when _gossip.Seen.SetEquals(message.Seen):
                break;
            case VersionOrder.Before:
                SendStatus(message.From);
                break;
            default:
                SendGossip(message.From);
                break;
        }
    }

    public void OnGossip(GossipEnvelope message)
    {
        if (message.To != self || !IsHeeded(message.From))
        {
            return;
        }

        var theirs = message.Gossip;
        if (theirs.Find(self) is null && !theirs.Tombstones.ContainsKey(self))
        {
            Log(LogLevel.InfoLevel, $"Ignoring received gossip that does not contain myself, from [{message.From.Address}]");
            return;
        }

        Become(_gossip.Merge(theirs).SeenBy(self));
        var knowsAll = theirs.Version.CompareTo(_gossip.Version) == VersionOrder.Same && theirs.Seen.SetEquals(_gossip.Seen);
        if (!knowsAll && _gossip.Find(message.From) is not null && !_isDowned)
        {
            SendGossip(message.From);
        }
    }

    public void OnExitingConfirmed(ExitingConfirmed message)
    {
        if (_gossip.Find(message.Node) is { Status: MemberStatus.Exiting } && _exited.Add(message.Node))
        {
            Log(LogLevel.InfoLevel, $"Exiting confirmed [{message.Node.Address}]");
        }
    }

    /// <summary>The failure detector's word on a member.</summary>
    public void Observe(UniqueAddress node, bool isReachable)
    {
        if (!IsMember || node == self || _gossip.Find(node) is not { } member)
        {
            return;
        }

        var changed = _gossip.With(self, node, isReachable ? Observation.Reachable : Observation.Unreachable);
        if (ReferenceEquals(changed.Reachability, _gossip.Reachability))
        {
            return;
        }

        Log(isReachable ? LogLevel.InfoLevel : LogLevel.WarningLevel, isReachable
            ? $"Marking node(s) as REACHABLE [{member.Address}]. Node roles [{string.Join(",", roles)}]"
            : $"Marking node as UNREACHABLE [{member}].");
        Become(changed.ChangedBy(self));
    }

    /// <summary>Remoting has broken with this incarnation: it stays unreachable, whatever is heard from it.</summary>
    public void Terminate(UniqueAddress node)
    {
        if (!IsMember || node == self || _gossip.Find(node) is null || _gossip.Reachability.StatusOf(node, self) == Observation.Terminated)
        {
            return;
        }

        Log(LogLevel.WarningLevel, $"Marking node as TERMINATED [{node}], due to quarantine. Node is still a member until it is downed.");
        Become(_gossip.With(self, node, Observation.Terminated).ChangedBy(self));
    }

    /// <summary>Tells a random member; three times as often as <c>gossip-interval</c> while fewer than half know the newest.</summary>
    public void GossipTick()
    {
        if (!IsMember || (_gossipTicks++ % 3 != 0 && _gossip.Seen.Count * 2 >= _gossip.Members.Count))
        {
            return;
        }

        UniqueAddress[] peers = [.. Peers];
        if (peers.Length == 0)
        {
            return;
        }

        UniqueAddress[] behind = [.. peers.Where(peer => !_gossip.Seen.Contains(peer))];
        var among = behind.Length > 0 && random.NextDouble() < settings.GossipDifferentViewProbability ? behind : peers;
        var chosen = among[random.Next(among.Length)];
        if (_gossip.Seen.Contains(chosen))
        {
            SendStatus(chosen);
        }
        else
        {
            SendGossip(chosen);
        }
    }

    /// <summary>Does the leader's work, if this node is the leader.</summary>
    public void LeaderTick()
    {
        if (!IsMember || _isDowned)
        {
            return;
        }

        var now = clock.GetUtcNow();
        _gossip = _gossip.ForgetTombstones(now - settings.PruneGossipTombstonesAfter);
        _exited.IntersectWith(_gossip.Members.Keys);
        var isLeader = _gossip.Leader(self) == self;
        if (isLeader != _isLeader)
        {
            _isLeader = isLeader;
            Log(LogLevel.InfoLevel, isLeader ? "is the new leader among reachable nodes (more leaders may exist)" : "is no longer leader");
        }

        if (!isLeader)
        {
            return;
        }

        if (_gossip.IsConverged(self, _exited))
        {
            if (_idleLeaderTicks >= ManyIdleTicks)
            {
                Log(LogLevel.InfoLevel, "Leader can perform its duties again");
            }

            _idleLeaderTicks = 0;
            Carry(LeaderActions.OnConvergence(_gossip, self, _exited, settings.Quorum, now));
        }
        else
        {
            if (++_idleLeaderTicks == ManyIdleTicks)
            {
                Log(LogLevel.InfoLevel, $"Leader can currently not perform its duties, unreachable: [{string.Join(", ", _gossip.TrustedReachability.AllUnreachable)}], member status: [{string.Join(", ", _gossip.Members.Values.Select(member => $"{member.Address} {member.Status} seen={_gossip.Seen.Contains(member.UniqueAddress)}"))}]");
            }

            if (settings.AllowWeaklyUpMembers && Elapsed(_memberSince) >= settings.WeaklyUpAfter)
            {
                Carry(LeaderActions.WithoutConvergence(_gossip, self, settings.Quorum, now));
            }
        }
    }

    public void Leave(Address address)
    {
        if (IsMember && FindAt(address) is { Status: MemberStatus.Joining or MemberStatus.WeaklyUp or MemberStatus.Up } member)
        {
            Log(LogLevel.InfoLevel, $"Marked address [{address}] as [Leaving]");
            Become(_gossip.With(member.Copy(MemberStatus.Leaving)).ChangedBy(self));
        }
    }

    public void Down(Address address)
    {
        if (!IsMember || FindAt(address) is not { } member)
        {
            Log(LogLevel.InfoLevel, $"Ignoring down of unknown node [{address}]");
        }
        else if (member.Status != MemberStatus.Down)
        {
            var reachable = _gossip.Reachability.IsReachable(member.UniqueAddress) ? "" : "unreachable ";
            Log(LogLevel.InfoLevel, $"Marking {reachable}node [{address}] as [Down]");
            Become(_gossip.With(member.Copy(MemberStatus.Down)).ChangedBy(self));
        }
    }

    /// <summary>This node is through with leaving: tells those who may be the next leader, so that nobody has to find out by silence.</summary>
    public void ConfirmExit()
    {
        if (_gossip.Find(self) is not { Status: MemberStatus.Exiting })
        {
            return;
        }

        Log(LogLevel.InfoLevel, "Exiting completed.");
        foreach (var peer in Peers.Where(peer => _gossip.Find(peer).Status is MemberStatus.Up or MemberStatus.Leaving).Take(LastGossips))
        {
            SendGossip(peer);
            port.Send(peer.Address, new ExitingConfirmed(self));
        }
    }

    private bool CanLetIn => !_isDowned && _gossip.Find(self) is { Status: not (MemberStatus.Exiting or MemberStatus.Down) };

    /// <summary>Whom this node can hear, in order.</summary>
    private IEnumerable<UniqueAddress> Peers => _gossip.Members.Keys.Where(node => node != self && _gossip.Reachability.StatusOf(node, self) == Observation.Reachable);

    private Member FindAt(Address address) => _gossip.Members.Values.FirstOrDefault(member => member.Address == address);

    private bool IsHeeded(UniqueAddress from) =>
        from != self && !_isDowned && IsMember && _gossip.Find(from) is not null && _gossip.Reachability.StatusOf(from, self) == Observation.Reachable;

    private bool IsOfThisSystem(Address address)
    {
        if (address.Protocol == self.Address.Protocol && address.System == self.Address.System)
        {
            return true;
        }

        Log(LogLevel.WarningLevel, $"Trying to join member with wrong protocol or ActorSystem name, but was ignored, expected [{self.Address.Protocol}://{self.Address.System}] but was [{address.Protocol}://{address.System}]");
        return false;
    }

    private void Seek()
    {
        _target = null;
        _refusals.Clear();
        _seekingSince = clock.GetTimestamp();
        _attempts = 0;
        if (!OtherSeeds.Any())
        {
            if (!_seeds.IsEmpty)
            {
                JoinThrough(self.Address);
            }

            return;
        }

        AskSeeds();
    }

    private void SeekOn()
    {
        var isFirst = _seeds[0] == self.Address;
        if (isFirst && Elapsed(_seekingSince) >= settings.SeedNodeTimeout)
        {
            Log(LogLevel.InfoLevel, $"Couldn't join other seed nodes, will join myself. seed-nodes=[{string.Join(", ", _seeds)}]");
            JoinThrough(self.Address);
        }
        else if (isFirst ? Elapsed(_lastInitJoin) >= TimeSpan.FromSeconds(1) : Elapsed(_lastInitJoin) >= settings.SeedNodeTimeout)
        {
            if (!isFirst)
            {
                Log(LogLevel.WarningLevel, $"Couldn't join seed nodes after [{++_attempts}] attempts, will try again. seed-nodes=[{string.Join(", ", OtherSeeds)}]");
            }

            AskSeeds();
        }
    }

    private void AskSeeds()
    {
        _lastInitJoin = clock.GetTimestamp();
        foreach (var seed in OtherSeeds)
        {
            port.Send(seed, new InitJoin(self.Address));
        }
    }

    private void RetryJoin()
    {
        if (_seeds.IsEmpty)
        {
            JoinThrough(_target);
        }
        else
        {
            Seek();
        }
    }

    private void JoinThrough(Address address)
    {
        if (IsMember)
        {
            Log(LogLevel.InfoLevel, $"Trying to join [{address}] when already part of a cluster, ignoring");
        }
        else if (!_isDowned && IsOfThisSystem(address))
        {
            if (address == self.Address)
            {
                OnJoin(new Join(self, roles));
            }
            else
            {
                _target = address;
                _targetSince = clock.GetTimestamp();
                port.Send(address, new Join(self, roles));
            }
        }
    }

    private void WelcomeIn(UniqueAddress node)
    {
        if (node != self)
        {
            port.Send(node.Address, new Welcome(self, _gossip));
        }
    }

    private void Replace(Member former)
    {
        if (former.Status == MemberStatus.Down)
        {
            return;
        }

        Log(LogLevel.InfoLevel, $"New incarnation of existing member [{former}] is trying to join. Existing will be removed from the cluster and then new member will be allowed to join.");
        Become(_gossip.With(former.Copy(MemberStatus.Down)).With(self, former.UniqueAddress, Observation.Terminated).ChangedBy(self));
    }

    private void Carry(LeaderActions actions)
    {
        foreach (var member in actions.Moved)
        {
            Log(LogLevel.InfoLevel, $"Leader is moving node [{member.Address}] to [{member.Status}]");
        }

        foreach (var member in actions.Removed)
        {
            Log(LogLevel.InfoLevel, $"Leader is removing {(_exited.Contains(member.UniqueAddress) ? "confirmed Exiting" : $"unreachable {member.Status}")} node [{member.Address}]");
        }

        Become(actions.Gossip);
    }

    private void Become(Gossip next)
    {
        if (ReferenceEquals(next, _gossip))
        {
            return;
        }

        var before = _gossip;
        _gossip = next;
        if (before.Find(self) is null)
        {
            _memberSince = clock.GetTimestamp();
            _target = null;
            _seeds = [];
        }

        port.Changed(before, next);
        var status = next.Find(self)?.Status;
        if (status is null or MemberStatus.Down && !_isDowned)
        {
            _isDowned = true;
            Log(LogLevel.WarningLevel, "Node has been marked as DOWN. Shutting down myself");
            foreach (var peer in Peers.OrderBy(_ => random.Next()).Take(LastGossips))
            {
                SendGossip(peer);
            }

            port.Downed();
        }
        else if (status == MemberStatus.Exiting && !_isExiting)
        {
            _isExiting = true;
            port.Exiting();
        }
    }

    private void SendGossip(UniqueAddress to) => port.Send(to.Address, new GossipEnvelope(self, to, _gossip));

    private void SendStatus(UniqueAddress to) => port.Send(to.Address, new GossipStatus(self, _gossip.Version, _gossip.Seen));

    private TimeSpan Elapsed(long since) => clock.GetElapsedTime(since);

    private void Log(LogLevel level, string message) => port.Log(level, message);
}
