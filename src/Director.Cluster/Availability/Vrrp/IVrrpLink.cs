using System.Net;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>VRRP's way in and out on one interface, for one family. Nothing blocks: what cannot be sent now is lost, as on any network.</summary>
internal interface IVrrpLink : IDisposable
{
    /// <summary>The interface.</summary>
    string Interface { get; }

    /// <summary>The family.</summary>
    bool IsIPv6 { get; }

    /// <summary>For poll(2); negative while it is not open.</summary>
    int Descriptor { get; }

    /// <summary>Why nothing can be sent; null when it can.</summary>
    string? Problem { get; }

    /// <summary>The interface's own address, and 0 while it has none.</summary>
    UInt128 Address { get; }

    /// <summary>Looks how the interface is now.</summary>
    void Refresh(long now);

    /// <summary>Sends a message by multicast.</summary>
    /// <param name="message">The VRRP message.</param>
    /// <param name="source">Its sender.</param>
    /// <param name="mac">The sender's MAC address; empty: the interface's own.</param>
    void Send(ReadOnlySpan<byte> message, UInt128 source, ReadOnlySpan<byte> mac);

    /// <summary>Sends a message to one other router.</summary>
    void SendTo(IPAddress peer, ReadOnlySpan<byte> message, IPAddress source);

    /// <summary>Takes one packet, from its IP header on.</summary>
    bool TryReceive(Span<byte> buffer, out ReadOnlySpan<byte> packet);
}
