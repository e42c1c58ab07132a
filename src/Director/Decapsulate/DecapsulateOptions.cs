using System.Collections.Immutable;
using System.Net;

namespace Director.Decapsulate;

/// <summary>What <c>director decapsulate</c> takes out of tunnels.</summary>
/// <param name="Vips">The VIPs; packets to other addresses are dropped. At least one.</param>
internal sealed record DecapsulateOptions(ImmutableArray<IPAddress> Vips)
{
    /// <summary>Name of the TUN device that is made and removed, at most 15 characters.</summary>
    public string Device { get; init; } = "decapsulate0";

    /// <summary>Addresses of directors; packets that others encapsulated are dropped. Empty: from anyone.</summary>
    public ImmutableArray<IPAddress> Directors { get; init; } = [];

    /// <summary>Whether GRE (RFC 2784, 2890) is taken too.</summary>
    public bool Gre { get; init; }

    /// <summary>UDP port for GUE; 0: none.</summary>
    public ushort GuePort { get; init; }
}
