using System.Runtime.CompilerServices;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Connections;

/// <summary>TCP states as IPVS tells them apart (<c>IP_VS_TCP_S_*</c>), in its order. UDP connections stay in <see cref="None"/>.</summary>
internal enum TcpState : byte
{
    None,
    Established,
    SynSent,
    SynReceived,
    FinWait,
    TimeWait,
    Close,
    CloseWait,
    LastAck,
    Listen,
    SynAck,
}

/// <summary>Which way a packet goes, as far as a state table cares.</summary>
internal enum TcpDirection : byte
{
    /// <summary>From the client; replies are seen too.</summary>
    Input,

    /// <summary>To the client.</summary>
    Output,

    /// <summary>From the client; replies go another way.</summary>
    InputOnly,
}

/// <summary>The next state of a connection by direction and flags: <c>tcp_states</c> and <c>tcp_states_dos</c> of <c>ip_vs_proto_tcp.c</c>.</summary>
internal static class TcpStateTable
{
    private const int States = 11;
    private const int Events = 4;

    private const byte ES = (byte)TcpState.Established;
    private const byte SS = (byte)TcpState.SynSent;
    private const byte SR = (byte)TcpState.SynReceived;
    private const byte FW = (byte)TcpState.FinWait;
    private const byte TW = (byte)TcpState.TimeWait;
    private const byte CL = (byte)TcpState.Close;
    private const byte CW = (byte)TcpState.CloseWait;
    private const byte LA = (byte)TcpState.LastAck;
    private const byte LI = (byte)TcpState.Listen;
    private const byte SA = (byte)TcpState.SynAck;

    private static ReadOnlySpan<byte> Normal =>
    [
        // from:    NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA
        /* syn */   SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR, // input
        /* fin */   CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW,
        /* ack */   CL, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES,
        /* rst */   CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR,
        /* syn */   SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR, // output
        /* fin */   TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW,
        /* ack */   ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES,
        /* rst */   CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL,
        /* syn */   SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR, // input only
        /* fin */   CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW,
        /* ack */   CL, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES,
        /* rst */   CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL,
    ];

    private static ReadOnlySpan<byte> Secure =>
    [
        /* syn */   SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SA, // input
        /* fin */   CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, SA,
        /* ack */   CL, ES, SS, SR, FW, TW, CL, CW, CL, LI, SA,
        /* rst */   CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL,
        /* syn */   SS, ES, SS, SA, SS, SS, SS, SS, SS, LI, SA, // output
        /* fin */   TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW,
        /* ack */   ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES,
        /* rst */   CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL,
        /* syn */   SA, ES, ES, SR, SA, SA, SA, SA, SA, SA, SA, // input only
        /* fin */   CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW,
        /* ack */   CL, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES,
        /* rst */   CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL,
    ];

    /// <summary>The state after a packet with <paramref name="flags"/>. RST counts first, then SYN, FIN, ACK; a packet with none of them closes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TcpState Next(TcpState state, TcpDirection direction, byte flags, bool secure)
    {
        int row;
        if ((flags & Wire.Rst) != 0)
            row = 3;
        else if ((flags & Wire.Syn) != 0)
            row = 0;
        else if ((flags & Wire.Fin) != 0)
            row = 1;
        else if ((flags & Wire.Ack) != 0)
            row = 2;
        else
            return TcpState.Close;

        var table = secure ? Secure : Normal;
        return (TcpState)table[((((int)direction * Events) + row) * States) + (int)state];
    }

    /// <summary>The state's name as <c>/proc/net/ip_vs_conn</c> and <c>ipvsadm -L -c</c> have it.</summary>
    public static string Name(TcpState state) => state switch
    {
        TcpState.Established => "ESTABLISHED",
        TcpState.SynSent => "SYN_SENT",
        TcpState.SynReceived => "SYN_RECV",
        TcpState.FinWait => "FIN_WAIT",
        TcpState.TimeWait => "TIME_WAIT",
        TcpState.Close => "CLOSE",
        TcpState.CloseWait => "CLOSE_WAIT",
        TcpState.LastAck => "LAST_ACK",
        TcpState.Listen => "LISTEN",
        TcpState.SynAck => "SYNACK",
        _ => "NONE",
    };
}
