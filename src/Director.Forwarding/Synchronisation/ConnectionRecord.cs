using Director.Forwarding.Connections;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Synchronisation;

/// <summary>What a record says.</summary>
internal enum RecordKind : byte
{
    /// <summary>A connection stands like this.</summary>
    Connection,

    /// <summary>A connection is over before its time.</summary>
    End,

    /// <summary>A persistence template stands like this.</summary>
    Template,
}

/// <summary>What a record says of a connection beyond its ends and state.</summary>
[Flags]
internal enum RecordFlags : byte
{
    None = 0,

    /// <summary><see cref="ConnectionFlags.Rewritten"/>.</summary>
    Rewritten = 1,

    /// <summary><see cref="ConnectionFlags.InputOnly"/>.</summary>
    InputOnly = 2,

    /// <summary><see cref="ConnectionFlags.Masqueraded"/>.</summary>
    Masqueraded = 4,

    /// <summary><see cref="ConnectionFlags.Straight"/>.</summary>
    Straight = 8,

    /// <summary><see cref="ConnectionFlags.Assured"/>.</summary>
    Assured = 16,

    /// <summary>A template controls the connection: the one of its service and client.</summary>
    Controlled = 32,

    /// <summary>The service has no port of its own (port 0).</summary>
    AnyPort = 64,
}

/// <summary>One connection or template on its way from director to director. How it looks on the wire is <see cref="RecordCodec"/>'s.</summary>
internal struct ConnectionRecord
{
    /// <summary>What it says.</summary>
    public RecordKind Kind;

    /// <summary>More of what it says.</summary>
    public RecordFlags Flags;

    /// <summary>IP protocol number: TCP, UDP, or 0 for a mark service's template.</summary>
    public byte Protocol;

    /// <summary>State of a TCP connection.</summary>
    public TcpState State;

    /// <summary>Port of the client; 0 for a template.</summary>
    public ushort ClientPort;

    /// <summary>Virtual port.</summary>
    public ushort VirtualPort;

    /// <summary>Port of the real server.</summary>
    public ushort RealPort;

    /// <summary>Largest segment that the client takes; 0 when it is not known.</summary>
    public ushort ClientMss;

    /// <summary>Largest segment that the real server takes; 0 when it is not known.</summary>
    public ushort RealMss;

    /// <summary>Until it expires, in hundredths of a second.</summary>
    public uint Left;

    /// <summary>Mark of its service, or 0.</summary>
    public uint Mark;

    /// <summary>The client; under a template's netmask for a template.</summary>
    public InetAddress Client;

    /// <summary>Virtual address; what stands in its place for a mark service's template.</summary>
    public InetAddress Virtual;

    /// <summary>The real server; for a masqueraded connection the one that opened it.</summary>
    public InetAddress Real;
}
