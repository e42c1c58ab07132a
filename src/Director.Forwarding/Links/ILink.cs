namespace Director.Forwarding.Links;

/// <summary>What the frames of a link begin with.</summary>
internal enum LinkKind : byte
{
    /// <summary>An Ethernet header.</summary>
    Ethernet,

    /// <summary>An IP header (TUN).</summary>
    Ip,
}

/// <summary>One NIC (or TUN device, capture file, memory) as one worker uses it: batches of frames in, batches of frames out. Not thread-safe: it belongs to one worker.</summary>
internal interface ILink : IDisposable
{
    /// <summary>The interface's name.</summary>
    string Name { get; }

    /// <summary>The kernel's interface index; for links without a kernel interface, a number of their own.</summary>
    int InterfaceIndex { get; }

    /// <summary>What frames begin with.</summary>
    LinkKind Kind { get; }

    /// <summary>The interface's own MAC address in the low 48 bits, first byte lowest (as it lies in memory on a little-endian machine); 0 for <see cref="LinkKind.Ip"/>.</summary>
    ulong Mac { get; }

    /// <summary>Largest IP packet the interface sends, in bytes, as it was when the link was opened; routes follow changes.</summary>
    int Mtu { get; }

    /// <summary>A descriptor that polls readable when frames wait; -1 when there is none and <see cref="Receive"/> must simply be asked. It changes when the interface goes and comes.</summary>
    int Descriptor { get; }

    /// <summary>What it has done.</summary>
    LinkCounters Counters { get; }

    /// <summary>Appends waiting frames to <paramref name="batch"/> until it is full or none wait. Never blocks.</summary>
    /// <returns>The number appended.</returns>
    int Receive(FrameBatch batch);

    /// <summary>Sends frames in order. A frame that the kernel refuses is counted and left out; the others go. The buffers may be changed (the virtio-net header goes before each).</summary>
    /// <returns>The number sent.</returns>
    int Send(ReadOnlySpan<Frame> frames);
}
