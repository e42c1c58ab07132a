namespace Director.Forwarding.Packets;

/// <summary>What a scheduler may look at in the packet that opens a connection. Ports are in host order.</summary>
/// <param name="Protocol">IP protocol number.</param>
/// <param name="Source">The client.</param>
/// <param name="SourcePort">The client's port.</param>
/// <param name="Destination">Where the client sent the packet: the VIP, or any address for a mark service.</param>
/// <param name="DestinationPort">The port that the client asked for.</param>
internal readonly record struct Flow(byte Protocol, InetAddress Source, ushort SourcePort, InetAddress Destination, ushort DestinationPort);
