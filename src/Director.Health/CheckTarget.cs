using System.Net;
using Director.Health.Paths;

namespace Director.Health;

/// <summary>Where a check asks, and from where.</summary>
/// <param name="Address">Address of the real server, or another that stands for it.</param>
/// <param name="Port">Port; 0 for checks without one (ping, external, file).</param>
public sealed record CheckTarget(IPAddress Address, ushort Port)
{
    /// <summary>Own address that the check comes from; null: as routing says.</summary>
    public IPAddress? Source { get; init; }

    /// <summary>NIC that the check leaves by (SO_BINDTODEVICE); empty: as routing says.</summary>
    public string Interface { get; init; } = "";

    /// <summary>The way to the real server that is asked, whoever has <see cref="Address"/> (the VIP). Null: as routing says.</summary>
    public ServicePath? Through { get; init; }

    /// <inheritdoc/>
    public override string ToString() => new IPEndPoint(Address, Port).ToString();
}
