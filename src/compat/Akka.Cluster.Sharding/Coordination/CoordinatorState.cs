using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>
/// What the coordinator of a type knows and decides. The truth about who has which shard lives in the regions: a coordinator that begins gives no shard a home before every member that may have one has registered, said that it has no region,
/// or was removed. So no shard gets two homes when coordinators change, and one that cannot be reached keeps its shards until it is removed.
/// </summary>
/// <param name="self">The coordinator's node.</param>
/// <param name="term">The number of this coordinator's term of office, unlike that of any other; not 0.</param>
/// <param name="tell">Sends a message to a region.</param>
/// <param name="invite">Has <see cref="RegionInvited"/> sent to a member's region, or <see cref="HasNoRegion"/> called.</param>
internal sealed class CoordinatorState(UniqueAddress self, long term, ShardingTuning tuning, Action<IActorRef, IShardingMessage> tell, Action<UniqueAddress> invite)
{
    private readonly Dictionary<IActorRef, Region> _regions = [];
    private readonly Dictionary<string, IActorRef> _homes = [];
    private readonly Dictionary<string, HandOver> _handOvers = [];

    /// <summary>Who asked for the home of a shard that has none yet.</summary>
    private readonly Dictionary<string, HashSet<IActorRef>> _asking = [];

    private Dictionary<UniqueAddress, HostNode> _nodes;
    private HashSet<UniqueAddress> _unheard;
    private long _lastNumber;

    /// <summary>Where regions are that can have shards.</summary>
    public IImmutableSet<Address> RegionAddresses => _regions.Values.Where(region => !region.IsProxy).Select(region => region.Node.Address).ToImmutableHashSet();

    /// <summary>Members whose regions keep shards from getting a home that somebody asked for, since they have not registered.</summary>
    public IReadOnlyCollection<UniqueAddress> Awaited => _asking.Count > 0 ? _unheard : [];

    /// <summary>What a member's region is told when it is to register.</summary>
    public RegionInvited Invitation { get; } = new(term);

    /// <summary>The members that may have shards. Those of the first call may have shards of a former coordinator's.</summary>
    public void MembersAre(IReadOnlyCollection<HostNode> members)
    {
        var before = _nodes ?? [];
        _nodes = members.ToDictionary(member => member.Node);
        _unheard ??= [.. _nodes.Keys];
        _unheard.IntersectWith(_nodes.Keys);
        foreach (var (reference, region) in _regions.Where(region => !region.Value.IsProxy && !_nodes.ContainsKey(region.Value.Node)).ToArray())
        {
            Remove(reference);
        }

        // One that comes Up had its registration refused until now.
        foreach (var node in _nodes.Keys.Where(node => !before.ContainsKey(node)))
        {
            invite(node);
        }

        GiveHomes();
    }

    /// <returns>Whether the region is under this coordinator's orders now.</returns>
    public bool Register(IActorRef reference, RegisterRegion registration)
    {
        var node = registration.Node;
        if (!registration.IsProxy && !_nodes.ContainsKey(node))
        {
            return false;
        }

        if (registration.Invitation != term)
        {
            tell(reference, Invitation);
            return false;
        }

        if (!_regions.ContainsKey(reference))
        {
            foreach (var former in _regions.Where(region => region.Value.Node == node && region.Value.IsProxy == registration.IsProxy).Select(region => region.Key).ToArray())
            {
                Remove(former);
            }

            _regions.Add(reference, new Region(node, registration.IsProxy));
        }

        tell(reference, new RegionRegistered(self));
        foreach (var shard in registration.Shards)
        {
            if (!_homes.TryGetValue(shard, out var home))
            {
                SetHome(shard, reference);
            }
            else if (!home.Equals(reference))
            {
                // Two have it, as after a split: who comes later gives it up.
                tell(reference, new HandOff(shard, ++_lastNumber));
            }
        }

        if (!registration.IsProxy)
        {
            _unheard.Remove(node);
        }

        GiveHomes();
        return true;
    }

    /// <summary>The member answered that it runs no region of this type.</summary>
    public void HasNoRegion(UniqueAddress node)
    {
        _unheard.Remove(node);
        GiveHomes();
    }

    public void Asked(IActorRef region, string shard)
    {
        if (!_regions.ContainsKey(region))
        {
            tell(region, Invitation);
        }
        else if (_homes.TryGetValue(shard, out var home) && !_handOvers.ContainsKey(shard))
        {
            tell(region, new ShardHome(shard, home));
        }
        else
        {
            if (!_asking.TryGetValue(shard, out var asking))
            {
                _asking.Add(shard, asking = []);
            }

            asking.Add(region);
            GiveHome(shard);
        }
    }

    public void BeginHandOffAcknowledged(IActorRef region, string shard, long number)
    {
        if (_handOvers.TryGetValue(shard, out var handOver) && handOver.Number == number && handOver.Unacknowledged.Remove(region))
        {
            StopWhenAcknowledged(shard, handOver);
        }
    }

    public void ShardStopped(IActorRef region, string shard, long number, TimeSpan now)
    {
        if (!_homes.TryGetValue(shard, out var home) || !home.Equals(region))
        {
            return;
        }

        if (_handOvers.TryGetValue(shard, out var handOver))
        {
            if (handOver.Number == number)
            {
                _handOvers.Remove(shard);
                _homes.Remove(shard);
                GiveHome(shard);
            }
        }
        else if (number == 0)
        {
            // A message that gives it the shard may be on the way: only the answer to an order that comes after that one tells that it is gone.
            handOver = new HandOver(++_lastNumber, now, []);
            _handOvers.Add(shard, handOver);
            StopWhenAcknowledged(shard, handOver);
        }
    }

    /// <summary>The region wants to stop: its shards move.</summary>
    public void ShutDownRequested(IActorRef region, TimeSpan now)
    {
        if (!_regions.TryGetValue(region, out var stopping))
        {
            tell(region, Invitation);
            return;
        }

        stopping.Stops = true;
        foreach (var shard in _homes.Where(home => home.Value.Equals(region) && !_handOvers.ContainsKey(home.Key)).Select(home => home.Key).ToArray())
        {
            Begin(shard, now);
        }
    }

    /// <summary>The region ended with all of its shards, or its node is given up by remoting: that alone proves nothing, its member's removal does.</summary>
    public void RegionGone(IActorRef region, bool isNodeGivenUp)
    {
        if (isNodeGivenUp && _regions.TryGetValue(region, out var known) && !known.IsProxy)
        {
            return;
        }

        Remove(region);
        GiveHomes();
    }

    /// <summary>Repeats every request that has no answer yet. A region that does not acknowledge that a shard moves is not waited for beyond the hand-off timeout.</summary>
    public void Retry(TimeSpan now)
    {
        foreach (var node in _unheard)
        {
            invite(node);
        }

        foreach (var (shard, handOver) in _handOvers.ToArray())
        {
            if (now - handOver.Began >= tuning.HandOffTimeout)
            {
                handOver.Unacknowledged.Clear();
            }

            foreach (var region in handOver.Unacknowledged)
            {
                tell(region, new BeginHandOff(shard, handOver.Number));
            }

            StopWhenAcknowledged(shard, handOver);
        }
    }

    /// <summary>Begins to move shards from where the most are, unless some member cannot be reached: it could not acknowledge.</summary>
    public void Rebalance(TimeSpan now)
    {
        if (_unheard.Count > 0 || _nodes.Values.Any(node => !node.IsReachable))
        {
            return;
        }

        var shardsOf = _regions.Where(region => Takes(region.Value)).OrderBy(region => region.Key).ToDictionary(region => region.Key, _ => new List<string>());
        foreach (var (shard, region) in _homes)
        {
            if (shardsOf.TryGetValue(region, out var shards))
            {
                shards.Add(shard);
            }
        }

        foreach (var shard in LeastShards.ToMove(shardsOf, _handOvers.Keys, tuning))
        {
            Begin(shard, now);
        }
    }

    private bool Takes(Region region) => !region.IsProxy && !region.Stops && _nodes[region.Node] is { TakesShards: true, IsReachable: true };

    private void Begin(string shard, TimeSpan now)
    {
        var handOver = new HandOver(++_lastNumber, now, [.. _regions.Keys]);
        _handOvers.Add(shard, handOver);
        foreach (var region in _regions.Keys)
        {
            tell(region, new BeginHandOff(shard, handOver.Number));
        }
    }

    private void StopWhenAcknowledged(string shard, HandOver handOver)
    {
        if (handOver.Unacknowledged.Count == 0)
        {
            tell(_homes[shard], new HandOff(shard, handOver.Number));
        }
    }

    private void GiveHomes()
    {
        foreach (var shard in _asking.Keys.ToArray())
        {
            GiveHome(shard);
        }
    }

    /// <summary>Finds the shard a home, if somebody asked for one and it is certain that it has none.</summary>
    private void GiveHome(string shard)
    {
        if (_unheard.Count > 0 || _homes.ContainsKey(shard) || !_asking.ContainsKey(shard))
        {
            return;
        }

        var counts = _regions.Where(region => Takes(region.Value)).ToDictionary(region => region.Key, _ => 0);
        if (counts.Count == 0)
        {
            return;
        }

        foreach (var region in _homes.Values.Where(counts.ContainsKey))
        {
            counts[region]++;
        }

        SetHome(shard, counts.OrderBy(region => region.Value).ThenBy(region => region.Key).First().Key);
    }

    private void SetHome(string shard, IActorRef region)
    {
        _homes[shard] = region;
        if (_asking.Remove(shard, out var asking))
        {
            // The region that has it first: it is to know before others send it messages.
            asking.Remove(region);
            foreach (var recipient in asking.Prepend(region))
            {
                tell(recipient, new ShardHome(shard, region));
            }
        }
    }

    private void Remove(IActorRef reference)
    {
        if (!_regions.Remove(reference))
        {
            return;
        }

        foreach (var shard in _homes.Where(home => home.Value.Equals(reference)).Select(home => home.Key).ToArray())
        {
            _homes.Remove(shard);
            _handOvers.Remove(shard);
        }

        foreach (var (shard, asking) in _asking.ToArray())
        {
            if (asking.Remove(reference) && asking.Count == 0)
            {
                _asking.Remove(shard);
            }
        }

        foreach (var (shard, handOver) in _handOvers)
        {
            if (handOver.Unacknowledged.Remove(reference))
            {
                StopWhenAcknowledged(shard, handOver);
            }
        }
    }

    private sealed class Region(UniqueAddress node, bool isProxy)
    {
        public UniqueAddress Node => node;

        public bool IsProxy => isProxy;

        public bool Stops { get; set; }
    }

    private sealed record HandOver(long Number, TimeSpan Began, HashSet<IActorRef> Unacknowledged);
}
