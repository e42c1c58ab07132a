namespace Director.Forwarding.Scheduling;

/// <summary>
/// Numbers the real servers, so that a connection entry in native memory can name one by four bytes. Changed by one thread at a time; read by all without a
/// lock.
/// </summary>
internal sealed class DestinationRegistry
{
    private volatile Destination?[] _slots = new Destination?[64];
    private readonly List<Destination> _removed = [];
    private readonly Stack<int> _free = new();
    private int _used;

    /// <summary>Real servers that there can be at once, those included that were removed and still have connections.</summary>
    public const int Capacity = 1 << 20;

    /// <summary>The real server of this number; it is there as long as a connection or template counts on it.</summary>
    public Destination this[int index] => _slots[index]!;

    /// <summary>The real server of this number, if there is one now.</summary>
    public Destination? Find(int index) => Volatile.Read(ref _slots[index]);

    /// <summary>Numbers given out so far: every <see cref="Destination.Index"/> is below it.</summary>
    public int Used => _used;

    /// <summary>Adds a real server; one of the same service key, address and port that was removed before gets it as its successor.</summary>
    /// <exception cref="InvalidOperationException">There are <see cref="Capacity"/> real servers already.</exception>
    public Destination Add(VirtualService service, RealServerSpec spec, ForwardingMethod method)
    {
        if (!_free.TryPop(out int index))
        {
            if (_used == Capacity)
            {
                throw new InvalidOperationException(
                    $"There are {Capacity} real servers already, with those that were removed and still have connections; no other can be added.");
            }

            index = _used++;
        }

        if (index >= _slots.Length)
        {
            var larger = new Destination?[_slots.Length * 2];
            _slots.CopyTo(larger, 0);
            _slots = larger;
        }

        var destination = new Destination(index, service, spec, method);
        Volatile.Write(ref _slots[index], destination);
        foreach (var old in _removed)
        {
            if (old.Service.Key == service.Key && old.Address == destination.Address && old.Port == destination.Port)
            {
                old.Successor = destination;
            }
        }

        return destination;
    }

    /// <summary>Remembers a real server that was removed from its service, until nothing refers to it.</summary>
    public void Retire(Destination destination) => _removed.Add(destination);

    /// <summary>Frees the numbers of removed real servers that nothing refers to any more, after <paramref name="released"/> was called for each.</summary>
    public void Release(Action<Destination> released)
    {
        _removed.RemoveAll(destination =>
        {
            if (!destination.IsUnreferenced)
            {
                return false;
            }

            released(destination);
            Volatile.Write(ref _slots[destination.Index], null);
            _free.Push(destination.Index);
            return true;
        });
    }
}
