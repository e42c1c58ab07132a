namespace Director.Forwarding.Scheduling;

/// <summary>
/// Many short lists of real servers in one array: an entry that a list gives back is another's. Allocates only when all lists together are longer than they
/// ever were, and then doubles; a list of its own for each of 16,384 addresses would allocate whenever one of them grew.
/// </summary>
internal sealed class ReplicaLists
{
    /// <summary>The first entry of an empty list, and what follows the last of one.</summary>
    public const int None = -1;

    private Entry[] _entries = [];
    private int _used;
    private int _free = None;

    /// <summary>The real server of an entry.</summary>
    public Destination At(int entry) => _entries[entry].Destination!;

    /// <summary>The entry behind one; <see cref="None"/> at the end.</summary>
    public int Next(int entry) => _entries[entry].Next;

    /// <summary>Whether a list has more than one entry.</summary>
    public bool HasSeveral(int first) => first != None && _entries[first].Next != None;

    /// <summary>Whether a list has a real server.</summary>
    public bool Contains(int first, Destination destination)
    {
        for (int entry = first; entry != None; entry = _entries[entry].Next)
        {
            if (_entries[entry].Destination == destination)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Puts a real server before the others of a list.</summary>
    /// <param name="first">The list's first entry, which becomes another.</param>
    /// <param name="destination">The real server.</param>
    public void Push(ref int first, Destination destination)
    {
        int entry = Take();
        _entries[entry].Destination = destination;
        _entries[entry].Next = first;
        first = entry;
    }

    /// <summary>Takes a real server out of a list, if it is there.</summary>
    /// <param name="first">The list's first entry, which may become another.</param>
    /// <param name="destination">The real server.</param>
    public void Remove(ref int first, Destination destination)
    {
        int before = None;
        for (int entry = first; entry != None; (before, entry) = (entry, _entries[entry].Next))
        {
            if (_entries[entry].Destination != destination)
            {
                continue;
            }

            int next = _entries[entry].Next;
            if (before == None)
            {
                first = next;
            }
            else
            {
                _entries[before].Next = next;
            }

            GiveBack(entry);
            return;
        }
    }

    /// <summary>Empties a list.</summary>
    /// <param name="first">The list's first entry, which becomes <see cref="None"/>.</param>
    public void Clear(ref int first)
    {
        while (first != None)
        {
            int next = _entries[first].Next;
            GiveBack(first);
            first = next;
        }
    }

    private int Take()
    {
        if (_free != None)
        {
            int free = _free;
            _free = _entries[free].Next;
            return free;
        }

        if (_used == _entries.Length)
        {
            Array.Resize(ref _entries, Math.Max(_entries.Length * 2, 64));
        }

        return _used++;
    }

    private void GiveBack(int entry)
    {
        _entries[entry] = new Entry { Next = _free };
        _free = entry;
    }

    private struct Entry
    {
        public Destination? Destination;
        public int Next;
    }
}
