using System.Net;
using Director.Forwarding;

namespace Director.Cluster.Health;

/// <summary>A real server within its service.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port; 0 is every port.</param>
public readonly record struct ServerKey(IPAddress Address, ushort Port)
{
    /// <summary>That of a real server of a table.</summary>
    public static ServerKey Of(RealServerSpec server)
    {
        ArgumentNullException.ThrowIfNull(server);
        return new(server.Address, server.Port);
    }

    /// <inheritdoc/>
    public override string ToString() => new IPEndPoint(Address, Port).ToString();
}
