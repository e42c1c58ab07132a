namespace Director.Forwarding.Connections;

/// <summary>
/// When the connection table is short of room, and what may leave it then: the aims of drop_entry and secure_tcp (ipvs-sysctl.rst). Pure. IPVS drops entries at random each second;
/// ours goes when a new one comes, so that half-open connections never take more than a quarter of the table.
/// </summary>
internal static class FloodDefence
{
    private const uint IdleHundredths = 6000;
    private const uint FewPackets = 8;

    /// <summary>Whether the defence acts.</summary>
    /// <param name="mode">As configured.</param>
    /// <param name="count">Connections held.</param>
    /// <param name="halfOpen">Those that are half-open.</param>
    /// <param name="capacity">Connections that there is room for.</param>
    public static bool IsActive(DefenceMode mode, int count, int halfOpen, int capacity) => mode switch
    {
        DefenceMode.Off => false,
        DefenceMode.Always => halfOpen >= Math.Max(capacity / 32, 1),
        // Acts a little before a quarter: what drops entries may fall behind by one in 64.
        _ => halfOpen >= Math.Max((capacity / 4) - (capacity / 64), 1) || count >= capacity - (capacity / 64),
    };

    /// <summary>Whether a connection may be pushed out by a new one: half-open, or long idle after few packets (<c>todrop_entry()</c> in <c>ip_vs_conn.c</c>).</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="idle">Hundredths of a second since its last packet.</param>
    /// <param name="isFull">Whether the table is nearly full, so that idle ones must go too.</param>
    public static bool MayDrop(in Connection connection, uint idle, bool isFull) =>
        IsHalfOpen(connection) || (isFull && idle >= IdleHundredths && connection.Packets <= FewPackets);

    /// <summary>Whether the client has not completed the handshake.</summary>
    public static bool IsHalfOpen(in Connection connection) =>
        connection.Protocol == (byte)Protocol.Tcp && connection.State is TcpState.SynReceived or TcpState.SynAck or TcpState.SynSent or TcpState.None;
}
