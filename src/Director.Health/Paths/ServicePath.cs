using System.Net;

namespace Director.Health.Paths;

/// <summary>How a client's packet to the VIP comes to one real server.</summary>
/// <param name="Server">The real server.</param>
/// <param name="Tunnel">What packets are put into; null: they go to the real server's MAC, which is on one of this host's networks.</param>
public sealed record ServicePath(IPAddress Server, Tunnel? Tunnel = null);

/// <summary>What a tunnel puts around a packet.</summary>
public enum TunnelHeader
{
    /// <summary>An IP header (RFC 2003, 2473).</summary>
    IpIp,

    /// <summary>Generic UDP encapsulation, version 0, without options.</summary>
    Gue,

    /// <summary>Generic routing encapsulation (RFC 2784).</summary>
    Gre,
}

/// <summary>A tunnel to a real server.</summary>
/// <param name="Header">What is put around a packet.</param>
/// <param name="Port">UDP port of <see cref="TunnelHeader.Gue"/>; otherwise 0.</param>
/// <param name="HasChecksum">Whether <see cref="TunnelHeader.Gre"/> carries its checksum, which its receiver may insist on.</param>
public sealed record Tunnel(TunnelHeader Header, ushort Port = 0, bool HasChecksum = false);
