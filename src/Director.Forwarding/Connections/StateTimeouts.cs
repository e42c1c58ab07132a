namespace Director.Forwarding.Connections;

/// <summary>How long a connection lives without a packet, by state (<c>tcp_timeouts</c> of <c>ip_vs_proto_tcp.c</c>); in hundredths of a second.</summary>
internal sealed class StateTimeouts
{
    private readonly uint[] _tcp;

    /// <param name="timeouts">The three that <c>ipvsadm --set</c> changes, in seconds.</param>
    public StateTimeouts(Timeouts timeouts)
    {
        _tcp = [200, Hundredths(timeouts.Tcp), 12000, 6000, Hundredths(timeouts.TcpFin), 12000, 1000, 6000, 3000, 12000, 12000];
        Udp = Hundredths(timeouts.Udp);

        static uint Hundredths(int seconds) => (uint)seconds * 100;
    }

    /// <summary>UDP.</summary>
    public uint Udp { get; }

    /// <summary>TCP in a state.</summary>
    public uint this[TcpState state] => _tcp[(int)state];
}
