using System.Runtime.InteropServices;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Connections;

/// <summary>What is known of a connection beyond its state.</summary>
[Flags]
internal enum ConnectionFlags : ushort
{
    None = 0,

    /// <summary>Replies pass by another way (direct routing, tunnelling): the input-only state table applies until one is seen (<c>IP_VS_CONN_F_NOOUTPUT</c>).</summary>
    InputOnly = 1,

    /// <summary>It is counted as inactive at its real server.</summary>
    Inactive = 2,

    /// <summary>Addresses and ports are rewritten both ways (NAT, local, masqueraded).</summary>
    Rewritten = 4,

    /// <summary>A real server opened it; the client's end is the other side (<see cref="MasqueradeRule"/>).</summary>
    Masqueraded = 8,

    /// <summary>It is a persistence template.</summary>
    Template = 16,

    /// <summary>A template of which some connection was established (<c>IP_VS_CTPL_S_ASSURED</c>).</summary>
    Assured = 32,

    /// <summary>It goes straight to a real server's own address and is the kernel's; kept so that its answers are known.</summary>
    Straight = 64,

    /// <summary>It was last told of by another director.</summary>
    Received = 128,

    /// <summary>It is told to the other directors with this batch.</summary>
    Noted = 256,
}

/// <summary>
/// A connection as it stands in native memory. Behind these 48 bytes follow three addresses (client, virtual, real server): an IPv4 entry takes 64 bytes, one cache line; an IPv6
/// entry takes 128. Ports are in host order. Times are in hundredths of a second since the engine's start and wrap after 497 days.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = HeaderSize)]
internal unsafe struct Connection
{
    public const int HeaderSize = 48;
    public const int IPv4Size = 64;
    public const int IPv6Size = 128;
    public const int VirtualPortOffset = 28;
    public const int RealPortOffset = 30;

    /// <summary>Neighbours in the timing wheel's list; <see cref="Next"/> also links free entries.</summary>
    [FieldOffset(0)] public uint Next;
    [FieldOffset(4)] public uint Previous;

    /// <summary>When it expires.</summary>
    [FieldOffset(8)] public uint Deadline;

    /// <summary>Index of its destination; -1 for a masqueraded connection.</summary>
    [FieldOffset(12)] public int Destination;

    /// <summary>A connection: the template that controls it, or 0. A template: how many connections it controls.</summary>
    [FieldOffset(16)] public uint Template;

    /// <summary>Packets from the client; a template's are those of the connections that it controls, and counted only while a kernel is told of them.</summary>
    [FieldOffset(20)] public uint Packets;

    /// <summary>Where it is in the timing wheel.</summary>
    [FieldOffset(24)] public ushort WheelSlot;

    [FieldOffset(26)] public ushort ClientPort;
    [FieldOffset(VirtualPortOffset)] public ushort VirtualPort;
    [FieldOffset(RealPortOffset)] public ushort RealPort;

    /// <summary>IP protocol number; 0 marks a free entry or a mark service's template, which <see cref="ConnectionFlags.Template"/> tells apart.</summary>
    [FieldOffset(32)] public byte Protocol;

    [FieldOffset(33)] public TcpState State;
    [FieldOffset(34)] public ConnectionFlags Flags;

    /// <summary>Largest segment that the client takes, from its SYN; 0 when it was not seen.</summary>
    [FieldOffset(36)] public ushort ClientMss;

    /// <summary>Largest segment that the real server takes, from its SYN; 0 when it was not seen.</summary>
    [FieldOffset(38)] public ushort RealMss;

    /// <summary>When it was last told to the other directors, or told of by one; <see cref="Synchronisation.ConnectionSender.Never"/> before its start when it was not yet.</summary>
    [FieldOffset(40)] public uint SentAt;

    /// <summary>What a kernel was told of it, or told; <see cref="Synchronisation.Ipvs.IpvsRule"/> knows what it means.</summary>
    [FieldOffset(44)] public uint ToldToKernel;

    /// <summary>The client's address.</summary>
    public static InetAddress Client(Connection* connection, bool isIPv6) => InetAddress.Read((byte*)connection + HeaderSize, isIPv6);

    /// <summary>The virtual address; for a masqueraded connection the address that the world sees.</summary>
    public static InetAddress Virtual(Connection* connection, bool isIPv6) => InetAddress.Read((byte*)connection + HeaderSize + (isIPv6 ? 16 : 4), isIPv6);

    /// <summary>The real server's address. All zero when it is of the other family (tunnels): then only <see cref="Destination"/> has it.</summary>
    public static InetAddress Real(Connection* connection, bool isIPv6) => InetAddress.Read((byte*)connection + HeaderSize + (isIPv6 ? 32 : 8), isIPv6);
}

/// <summary>The ends of a connection.</summary>
/// <param name="Protocol">IP protocol number.</param>
/// <param name="Client">The client.</param>
/// <param name="ClientPort">The client's port.</param>
/// <param name="Virtual">The virtual address.</param>
/// <param name="VirtualPort">The virtual port.</param>
/// <param name="Real">The real server.</param>
/// <param name="RealPort">The real server's port.</param>
internal readonly record struct ConnectionEnds(
    byte Protocol, InetAddress Client, ushort ClientPort, InetAddress Virtual, ushort VirtualPort, InetAddress Real, ushort RealPort);
