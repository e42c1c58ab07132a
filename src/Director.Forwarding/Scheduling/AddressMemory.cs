using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// Remembers something for each address that was asked for lately: at most 16 × 1,024 of them, none longer than a day unused. These are the bounds of
/// <c>ip_vs_lblc.c</c>, which goes beyond them between two sweeps a minute apart; here they always hold, and the address that was unused for longest makes
/// room. Allocates only while it grows; what it forgets is used again.
/// </summary>
internal sealed class AddressMemory<T>
    where T : class, new()
{
    /// <summary>Addresses remembered at most.</summary>
    public const int Capacity = 16 * 1024;

    /// <summary>How long an unused address is remembered (sysctl lblc_expiration, lblcr_expiration).</summary>
    public const long IdleMilliseconds = 24 * 60 * 60 * 1000;

    private const int None = -1;

    private readonly Dictionary<InetAddress, int> _slotOf = [];
    private Slot[] _slots = [];
    private int _used;
    private int _newest = None;
    private int _oldest = None;
    private int _free = None;

    /// <summary>Addresses remembered now.</summary>
    public int Count => _slotOf.Count;

    /// <summary>What is remembered for an address, which counts as used; null when it is not known.</summary>
    public T? Find(in InetAddress address, long nowMilliseconds)
    {
        while (_oldest != None && nowMilliseconds - _slots[_oldest].LastUsed >= IdleMilliseconds)
        {
            _slotOf.Remove(_slots[_oldest].Address);
            Unlink(_oldest, free: true);
        }

        if (!_slotOf.TryGetValue(address, out int slot))
        {
            return null;
        }

        Unlink(slot, free: false);
        LinkNewest(slot, nowMilliseconds);
        return _slots[slot].Value;
    }

    /// <summary>Begins to remember an address that is not known. What comes back may have been another address's and is to be reset.</summary>
    public T Add(in InetAddress address, long nowMilliseconds)
    {
        int slot = TakeSlot();
        _slots[slot].Address = address;
        _slotOf.Add(address, slot);
        LinkNewest(slot, nowMilliseconds);
        return _slots[slot].Value;
    }

    /// <summary>Visits everything that is remembered, and that was.</summary>
    public void ForEach(Action<T> visit)
    {
        foreach (ref var slot in _slots.AsSpan())
        {
            visit(slot.Value);
        }
    }

    private int TakeSlot()
    {
        if (_free != None)
        {
            int free = _free;
            _free = _slots[free].Older;
            return free;
        }

        if (_used == Capacity)
        {
            int oldest = _oldest;
            _slotOf.Remove(_slots[oldest].Address);
            Unlink(oldest, free: false);
            return oldest;
        }

        if (_used == _slots.Length)
        {
            int length = Math.Min(Math.Max(_slots.Length * 2, 64), Capacity);
            Array.Resize(ref _slots, length);
            for (int slot = _used; slot < length; slot++)
            {
                _slots[slot].Value = new T();
            }

            _slotOf.EnsureCapacity(length);
        }

        return _used++;
    }

    private void LinkNewest(int slot, long nowMilliseconds)
    {
        _slots[slot].LastUsed = nowMilliseconds;
        _slots[slot].Newer = None;
        _slots[slot].Older = _newest;
        if (_newest != None)
        {
            _slots[_newest].Newer = slot;
        }
        else
        {
            _oldest = slot;
        }

        _newest = slot;
    }

    private void Unlink(int slot, bool free)
    {
        (int newer, int older) = (_slots[slot].Newer, _slots[slot].Older);
        if (newer != None)
        {
            _slots[newer].Older = older;
        }
        else
        {
            _newest = older;
        }

        if (older != None)
        {
            _slots[older].Newer = newer;
        }
        else
        {
            _oldest = newer;
        }

        if (free)
        {
            _slots[slot].Older = _free;
            _free = slot;
        }
    }

    private struct Slot
    {
        public InetAddress Address;
        public long LastUsed;
        public int Newer;
        public int Older;
        public T Value;
    }
}
