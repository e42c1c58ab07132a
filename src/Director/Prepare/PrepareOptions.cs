using System.Collections.Immutable;
using System.Net;

namespace Director.Prepare;

/// <summary>What <c>director prepare</c> makes a real server ready for.</summary>
/// <param name="IsTunnel">Tunnelling (IPIP); false: direct routing.</param>
/// <param name="Vips">The VIPs that it serves. At least one.</param>
internal sealed record PrepareOptions(bool IsTunnel, ImmutableArray<IPAddress> Vips)
{
    /// <summary>Whether the director sends to an IPv6 address of this host, so that the outer header is IPv6. Tunnelling only.</summary>
    public bool IsOverIPv6 { get; init; }

    /// <summary>Sets what is needed; false: only prints it.</summary>
    public bool Apply { get; init; }

    /// <summary>Takes it back instead.</summary>
    public bool Undo { get; init; }
}
