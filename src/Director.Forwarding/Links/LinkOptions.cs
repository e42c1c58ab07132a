namespace Director.Forwarding.Links;

/// <summary>How the frames of a NIC are taken and sent.</summary>
internal sealed record LinkOptions
{
    /// <summary>
    /// libpcap's immediate mode: lower latency, less throughput, and a ring of slots that each hold one frame of any length. 64 MB are 1,023 frames then, and cost 128 MB;
    /// without, up to 1 ms is added and they hold some 120,000 small frames.
    /// </summary>
    public bool Immediate { get; init; } = true;

    /// <summary>libpcap's ring for each NIC and worker in bytes.</summary>
    public int ReceiveBufferBytes { get; init; } = 64 << 20;

    /// <summary>Whether frames skip the kernel's queueing discipline (PACKET_QDISC_BYPASS); they are then invisible to tcpdump on this host.</summary>
    public bool BypassQueueingDiscipline { get; init; } = true;

    /// <summary>Whether frames for other MAC addresses are taken too.</summary>
    public bool Promiscuous { get; init; }
}
