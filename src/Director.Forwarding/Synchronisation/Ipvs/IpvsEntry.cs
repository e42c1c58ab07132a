using Director.Forwarding.Packets;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>Flags of a connection as the kernel sends them (<c>IP_VS_CONN_F_*</c> of <c>uapi/linux/ip_vs.h</c>).</summary>
[Flags]
internal enum IpvsFlags : ushort
{
    /// <summary>NAT; the other methods are <see cref="MethodMask"/>'s other values.</summary>
    Nat = 0,

    /// <summary>The real server is the director's own host.</summary>
    Local = 1,

    /// <summary>Tunnelling.</summary>
    Tunnel = 2,

    /// <summary>Direct routing.</summary>
    Direct = 3,

    /// <summary>What says how packets are forwarded.</summary>
    MethodMask = 7,

    /// <summary>Replies pass by another way.</summary>
    NoOutput = 0x80,

    /// <summary>It is counted as inactive at its real server.</summary>
    Inactive = 0x100,

    /// <summary>Sequence numbers of the real server's packets are shifted.</summary>
    OutSequence = 0x200,

    /// <summary>Sequence numbers of the client's packets are shifted.</summary>
    InSequence = 0x400,

    /// <summary>Sequence data come with it.</summary>
    SequenceMask = OutSequence | InSequence,

    /// <summary>The client's port is not known yet (FTP data).</summary>
    NoClientPort = 0x800,

    /// <summary>It is a persistence template.</summary>
    Template = 0x1000,
}

/// <summary>One connection or template as the kernel's synchronisation tells of it (<c>struct ip_vs_sync_v4</c>, <c>ip_vs_sync_v6</c> and <c>ip_vs_sync_conn_v0</c> of <c>ip_vs_sync.c</c>).</summary>
internal struct IpvsEntry
{
    /// <summary>The highest state of a TCP connection, one more than what there is (<c>IP_VS_TCP_S_LAST</c>).</summary>
    public const ushort TcpStates = 11;

    /// <summary>IP protocol number; 0 for a mark service's template.</summary>
    public byte Protocol;

    /// <summary>What is known of it beyond its state.</summary>
    public IpvsFlags Flags;

    /// <summary>TCP: a <see cref="Connections.TcpState"/>. UDP: 0. A template: 1 once one of its connections was established.</summary>
    public ushort State;

    /// <summary>Port of the client; 0 for a template.</summary>
    public ushort ClientPort;

    /// <summary>Virtual port.</summary>
    public ushort VirtualPort;

    /// <summary>Port of the real server.</summary>
    public ushort RealPort;

    /// <summary>Mark of its service, or 0. Version 0 does not carry it.</summary>
    public uint Mark;

    /// <summary>How long it lives without a packet, in seconds. Version 0 does not carry it: 0.</summary>
    public uint Timeout;

    /// <summary>The client; under the netmask for a template.</summary>
    public InetAddress Client;

    /// <summary>Virtual address; what stands in its place for a mark service's template.</summary>
    public InetAddress Virtual;

    /// <summary>The real server, of the same family.</summary>
    public InetAddress Real;

    /// <summary>Whether it is a template.</summary>
    public readonly bool IsTemplate => (Flags & IpvsFlags.Template) != 0;
}

/// <summary>What may stand behind an entry, as it stands on the wire; empty where it does not.</summary>
internal ref struct IpvsEntryOptions
{
    /// <summary>Bytes of <see cref="Sequence"/>.</summary>
    public const int SequenceLength = 24;

    /// <summary>The longest name of a persistence engine in bytes (<c>IP_VS_PENAME_MAXLEN</c>).</summary>
    public const int LongestName = 16;

    /// <summary>How sequence numbers are shifted, in and out: initial sequence, delta and previous delta of each, four bytes each. Sent where the flags say so.</summary>
    public ReadOnlySpan<byte> Sequence;

    /// <summary>What the persistence engine goes by, such as a SIP call's identifier.</summary>
    public ReadOnlySpan<byte> PersistenceData;

    /// <summary>The persistence engine's name.</summary>
    public ReadOnlySpan<byte> PersistenceName;

    /// <summary>Whether any sequence number is shifted.</summary>
    public readonly bool ShiftsSequence => Sequence.Length == SequenceLength && (Sequence[4..12].ContainsAnyExcept((byte)0) || Sequence[16..24].ContainsAnyExcept((byte)0));
}
