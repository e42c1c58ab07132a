namespace Director.Forwarding.Links;

/// <summary>A link whose frames come from and go to memory, for tests and measurements.</summary>
internal sealed unsafe class MemoryLink : ILink
{
    private readonly int _number;
    private readonly Queue<byte[]> _waiting = new();
    private readonly List<SentFrame> _sent = [];

    /// <param name="name">Its name.</param>
    /// <param name="number">The index among the worker's links that its frames carry.</param>
    /// <param name="mac">Its address; 0 makes it a link without Ethernet headers.</param>
    /// <param name="mtu">Largest IP packet in bytes.</param>
    public MemoryLink(string name, int number = 0, ulong mac = 0x01_00_00_00_00_02, int mtu = 1500)
    {
        Name = name;
        _number = number;
        Mac = mac;
        Mtu = mtu;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <summary>One more than its number among the worker's links.</summary>
    public int InterfaceIndex => _number + 1;

    /// <inheritdoc/>
    public LinkKind Kind => Mac == 0 ? LinkKind.Ip : LinkKind.Ethernet;

    /// <inheritdoc/>
    public ulong Mac { get; }

    /// <inheritdoc/>
    public int Mtu { get; }

    /// <inheritdoc/>
    public int Descriptor => -1;

    /// <inheritdoc/>
    public LinkCounters Counters { get; } = new();

    /// <summary>Whether <see cref="Sent"/> keeps what is sent. When not, sending allocates nothing.</summary>
    public bool KeepsSent { get; init; } = true;

    /// <summary>What was sent, in order, until <see cref="TakeSent"/>.</summary>
    public IReadOnlyList<SentFrame> Sent => _sent;

    /// <summary>Lets frames wait to be received.</summary>
    public void Deliver(params ReadOnlySpan<byte[]> frames)
    {
        foreach (var frame in frames)
        {
            _waiting.Enqueue(frame);
        }
    }

    /// <summary>What was sent since the last call.</summary>
    public IReadOnlyList<SentFrame> TakeSent()
    {
        SentFrame[] taken = [.. _sent];
        _sent.Clear();
        return taken;
    }

    /// <inheritdoc/>
    public int Receive(FrameBatch batch)
    {
        var before = batch.Count;
        while (batch.HasRoom && _waiting.TryDequeue(out var frame))
        {
            batch.Append(frame, _number);
        }

        var received = batch.Count - before;
        Counters.Received += received;
        return received;
    }

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<Frame> frames)
    {
        if (KeepsSent)
        {
            foreach (ref readonly var frame in frames)
            {
                _sent.Add(new SentFrame(new ReadOnlySpan<byte>(frame.Data, frame.Length).ToArray(), frame.Flags, frame.SegmentSize, frame.TransportOffset));
            }
        }

        Counters.Sent += frames.Length;
        return frames.Length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}

/// <summary>A frame as it was sent, with what the kernel was to finish in it.</summary>
/// <param name="Bytes">The frame.</param>
/// <param name="Flags">As <see cref="Frame.Flags"/>.</param>
/// <param name="SegmentSize">As <see cref="Frame.SegmentSize"/>.</param>
/// <param name="TransportOffset">As <see cref="Frame.TransportOffset"/>.</param>
internal sealed record SentFrame(byte[] Bytes, FrameFlags Flags, int SegmentSize, int TransportOffset);
