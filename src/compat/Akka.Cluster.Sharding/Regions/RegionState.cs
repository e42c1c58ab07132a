using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>What a region's decisions are carried out by.</summary>
internal interface IRegionWork
{
    /// <summary>To whoever is coordinator on a node: its reference is not known yet.</summary>
    void Register(UniqueAddress coordinator, RegisterRegion message);

    void Tell(IActorRef recipient, IShardingMessage message);

    /// <summary>Passes a message on to the region that has its shard.</summary>
    void Forward(IActorRef region, Message message);

    void StartShard(string shard);

    /// <summary>Stops the shard's entities, then the shard; <see cref="RegionState.ShardEnded"/> follows.</summary>
    void StopShard(string shard);

    /// <summary>Hands a message to a shard of this region.</summary>
    void Deliver(string shard, Message message);

    /// <summary>Gives up a message: too many wait, or the region stops.</summary>
    void Drop(Message message);
}

/// <summary>
/// What a region knows and decides: where shards are, which it has, what waits for one whose home is not known or that moves. It has a shard only by order of the coordinator to which it last sent its registration.
/// </summary>
internal sealed class RegionState(IActorRef self, UniqueAddress node, bool isProxy, int bufferSize, IRegionWork work)
{
    /// <summary>Of a shard that nobody told to stop.</summary>
    private const long Running = -1;

    /// <summary>Of a shard that stops, but by no order of the present coordinator.</summary>
    private const long Unordered = 0;

    private readonly Dictionary<string, IActorRef> _homes = [];
    private readonly Dictionary<string, long> _hosted = [];
    private readonly Dictionary<string, Queue<Message>> _waiting = [];
    private UniqueAddress _coordinatorNode;
    private long _invitation;
    private bool _stops;
    private int _retriesSinceEmpty;

    /// <summary>The coordinator that has answered; null while there is none.</summary>
    public IActorRef Coordinator { get; private set; }

    /// <summary>Shards that this region has, those that stop included.</summary>
    public IReadOnlyCollection<string> Hosted => _hosted.Keys;

    /// <summary>Messages for shards whose home is not known.</summary>
    public int WaitingCount { get; private set; }

    /// <summary>The region was told to stop, has no shard left, and nothing waits, or has waited in vain.</summary>
    public bool IsDone => _stops && _hosted.Count == 0 && (WaitingCount == 0 || _retriesSinceEmpty >= 2);

    public bool Obeys(IActorRef sender) => Coordinator is not null && Coordinator.Equals(sender);

    /// <summary>The oldest member changed; null: there is none.</summary>
    public void CoordinatorIsAt(UniqueAddress coordinator)
    {
        if (coordinator == _coordinatorNode)
        {
            return;
        }

        _coordinatorNode = coordinator;
        Register();
        foreach (var shard in _hosted.Keys.Where(shard => _hosted[shard] != Running).ToArray())
        {
            // The number was the former coordinator's.
            _hosted[shard] = Unordered;
        }
    }

    /// <summary>A coordinator wants to know this region. It registers with the one that it takes for the coordinator.</summary>
    public void Invited(long number)
    {
        _invitation = number;
        Register();
    }

    public void Registered(IActorRef coordinator, UniqueAddress coordinatorNode)
    {
        if (coordinatorNode != _coordinatorNode)
        {
            return;
        }

        Coordinator = coordinator;
        AskForHomes();
        AskToStop();
    }

    public void Route(string shard, Message message)
    {
        if (!_homes.TryGetValue(shard, out var home))
        {
            Keep(shard, message);
        }
        else if (!home.Equals(self))
        {
            work.Forward(home, message);
        }
        else if (_hosted[shard] == Running)
        {
            work.Deliver(shard, message);
        }
        else
        {
            Keep(shard, message);
        }
    }

    public void HomeIs(string shard, IActorRef region)
    {
        _homes[shard] = region;
        var isHosted = _hosted.TryGetValue(shard, out var order);
        if (region.Equals(self))
        {
            if (!isHosted)
            {
                Start(shard);
            }
            else if (order == Running)
            {
                Flush(shard);
            }

            return;
        }

        if (isHosted && order == Running)
        {
            // The coordinator gave the shard to another: it is the one to believe.
            _hosted[shard] = Unordered;
            work.StopShard(shard);
        }

        Flush(shard);
    }

    public void BeginHandOff(string shard, long number)
    {
        _homes.Remove(shard);
        work.Tell(Coordinator, new BeginHandOffAck(shard, number));
    }

    public void HandOff(string shard, long number)
    {
        if (_homes.TryGetValue(shard, out var home) && home.Equals(self))
        {
            _homes.Remove(shard);
        }

        if (!_hosted.TryGetValue(shard, out var order))
        {
            work.Tell(Coordinator, new ShardStopped(shard, number));
            return;
        }

        _hosted[shard] = number;
        if (order == Running)
        {
            work.StopShard(shard);
        }
    }

    /// <summary>The shard's last entity is gone and so is the shard.</summary>
    public void ShardEnded(string shard)
    {
        if (!_hosted.Remove(shard, out var order))
        {
            return;
        }

        if (_homes.TryGetValue(shard, out var home) && home.Equals(self))
        {
            if (order != Running)
            {
                // Given to this region anew while it stopped.
                Start(shard);
                return;
            }

            _homes.Remove(shard);
        }

        if (Coordinator is not null)
        {
            work.Tell(Coordinator, new ShardStopped(shard, Math.Max(order, Unordered)));
        }

        Ask(shard);
    }

    /// <summary>A region ended, or its node was removed.</summary>
    public void RegionGone(Predicate<IActorRef> isGone)
    {
        foreach (var shard in _homes.Where(home => !home.Value.Equals(self) && isGone(home.Value)).Select(home => home.Key).ToArray())
        {
            _homes.Remove(shard);
        }
    }

    /// <summary>Hands all shards over; see <see cref="IsDone"/>.</summary>
    public void Stop()
    {
        _stops = true;
        AskToStop();
    }

    /// <summary>Repeats every request that has no answer yet.</summary>
    public void Retry()
    {
        if (Coordinator is null)
        {
            Register();
        }
        else
        {
            AskForHomes();
            AskToStop();
        }

        _retriesSinceEmpty = _stops && _hosted.Count == 0 ? _retriesSinceEmpty + 1 : 0;
    }

    /// <summary>Gives up what waits.</summary>
    public void DropAll()
    {
        foreach (var message in _waiting.Values.SelectMany(messages => messages))
        {
            work.Drop(message);
        }

        _waiting.Clear();
        WaitingCount = 0;
    }

    private void Register()
    {
        Coordinator = null;
        if (_coordinatorNode is not null)
        {
            work.Register(_coordinatorNode, new RegisterRegion(node, isProxy, [.. _hosted.Keys], _invitation));
        }
    }

    private void Start(string shard)
    {
        _hosted[shard] = Running;
        work.StartShard(shard);
        Flush(shard);
    }

    private void Keep(string shard, Message message)
    {
        if (WaitingCount >= bufferSize)
        {
            work.Drop(message);
            return;
        }

        var isFirst = !_waiting.TryGetValue(shard, out var messages);
        if (isFirst)
        {
            _waiting.Add(shard, messages = new Queue<Message>());
        }

        messages.Enqueue(message);
        WaitingCount++;
        if (isFirst)
        {
            Ask(shard);
        }
    }

    private void Flush(string shard)
    {
        if (_waiting.Remove(shard, out var messages))
        {
            WaitingCount -= messages.Count;
            foreach (var message in messages)
            {
                Route(shard, message);
            }
        }
    }

    private void AskForHomes()
    {
        foreach (var shard in _waiting.Keys)
        {
            Ask(shard);
        }
    }

    private void Ask(string shard)
    {
        if (Coordinator is not null && _waiting.ContainsKey(shard))
        {
            work.Tell(Coordinator, new GetShardHome(shard));
        }
    }

    private void AskToStop()
    {
        if (_stops && Coordinator is not null)
        {
            work.Tell(Coordinator, new ShutDownRegion());
        }
    }
}
