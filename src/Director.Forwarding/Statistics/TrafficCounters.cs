using System.Runtime.InteropServices;

namespace Director.Forwarding.Statistics;

/// <summary>
/// What one worker has counted for one real server since the engine started. One cache line, written by that worker alone; it never goes back.
/// </summary>
[StructLayout(LayoutKind.Sequential, Size = 64)]
internal struct TrafficCounters
{
    /// <summary>Connections scheduled.</summary>
    public ulong Connections;

    /// <summary>Packets from clients.</summary>
    public ulong InPackets;

    /// <summary>Packets to clients.</summary>
    public ulong OutPackets;

    /// <summary>IP bytes from clients, headers included.</summary>
    public ulong InBytes;

    /// <summary>IP bytes to clients, headers included.</summary>
    public ulong OutBytes;

    /// <summary>Counts packets from clients; more than one for a superframe.</summary>
    public void CountIn(uint packets, uint bytes)
    {
        InPackets += packets;
        InBytes += bytes;
    }

    /// <summary>Counts packets to clients; more than one for a superframe.</summary>
    public void CountOut(uint packets, uint bytes)
    {
        OutPackets += packets;
        OutBytes += bytes;
    }
}
