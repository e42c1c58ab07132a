using Director.Forwarding.Packets;

namespace Director.Forwarding.Engine;

internal enum FrameKind : byte
{
    /// <summary>Nothing is to be done.</summary>
    Ignored,
    Arp,

    /// <summary>TCP or UDP with ports.</summary>
    Transport,
    LaterFragment,
    Icmp,

    /// <summary>Another protocol.</summary>
    Other,
}

/// <summary>What is known of a frame before its connection is looked up.</summary>
internal struct ReadFrame
{
    /// <summary>The IP packet; without meaning for ARP and ignored frames.</summary>
    public Packet Packet;

    /// <summary>Hash of the client's end, by which the connection is found.</summary>
    public ulong Hash;

    /// <summary>What has to be done with it.</summary>
    public FrameKind Kind;

    /// <summary>Whether it goes to a virtual address, so that the client's end is its source.</summary>
    public bool IsToVirtual;
}
