using Director.Forwarding.Connections;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>
/// When the kernel tells of a connection or template: after a packet of its client, by <c>ip_vs_sync_conn_needed()</c> of <c>ip_vs_sync.c</c>. What it has told lies in four bytes of the connection's
/// entry: the state in bits 0 to 3, repetitions in 4 and 5, and above them when it would have expired, in units of 0.16 s.
/// </summary>
internal sealed class IpvsRule
{
    private const uint StateMask = 0xF;
    private const int RetriesShift = 4;
    private const uint RetriesMask = 3;
    private const int EndShift = 6;
    private const uint EndMask = ~0u << EndShift;
    private const int UnitShift = 4;

    // Ten seconds: a connection of a shorter timeout is not told of more often than that.
    private const uint ShortestRefresh = 1000;

    private readonly uint _threshold;
    private readonly uint _period;
    private readonly int _refreshPeriod;
    private readonly uint _retries;
    private readonly bool _templatesOnly;

    /// <param name="options">The kernel's settings for it.</param>
    public IpvsRule(IpvsSendingOptions options)
    {
        Version = options.Version;
        _threshold = (uint)options.Threshold;
        _period = (uint)options.Period;
        _refreshPeriod = (int)(options.RefreshPeriod.TotalSeconds * 100) >> UnitShift;
        _retries = (uint)options.Retries;
        _templatesOnly = options.TemplatesOnly;
    }

    /// <summary>Version of the format, 0 or 1.</summary>
    public int Version { get; }

    /// <summary>
    /// Whether a connection's template is looked at after a packet, too: version 1 looks after each, version 0 after those that the connection was told of. Where only templates are told of, both
    /// look after each, or version 0 would tell of nothing.
    /// </summary>
    public bool LooksAtTemplate(bool wasTold) => Version == 1 || wasTold || _templatesOnly;

    /// <summary>What a connection's entry says that was told, when another director told it.</summary>
    public static uint Told(TcpState state) => (uint)state;

    /// <summary>Whether a connection is told of now; then it is noted that it was.</summary>
    /// <param name="told">What was told of it.</param>
    /// <param name="protocol">TCP or UDP.</param>
    /// <param name="state">Its state.</param>
    /// <param name="isControlled">Whether a template controls it.</param>
    /// <param name="packets">Packets of its client.</param>
    /// <param name="now">Hundredths of a second since the engine's start.</param>
    /// <param name="lifetime">How long it lives now without a packet, in hundredths of a second.</param>
    public bool IsDue(ref uint told, byte protocol, TcpState state, bool isControlled, uint packets, uint now, uint lifetime)
    {
        if (_templatesOnly && isControlled)
            return false;
        if (protocol == Wire.Tcp)
        {
            if (state is not (TcpState.Established or TcpState.FinWait or TcpState.Close or TcpState.CloseWait or TcpState.TimeWait))
                return false;
            if (state != TcpState.Established && (uint)state != (told & StateMask))
            {
                told = Noted(state, 0, now, lifetime);
                return true;
            }
        }

        if (!IsRefreshDue(told, now, lifetime, out var retries) || (_period > 0 ? packets % _period != _threshold : _refreshPeriod == 0 && packets != _threshold))
            return false;
        told = Noted(state, retries, now, lifetime);
        return true;
    }

    /// <summary>Whether a template is told of after a packet of one of its connections. Several workers may ask at once.</summary>
    /// <param name="told">What was told of it.</param>
    /// <param name="packets">Packets of its connections' clients.</param>
    /// <param name="now">Hundredths of a second since the engine's start.</param>
    /// <param name="lifetime">How long it lives without a new connection, in hundredths of a second.</param>
    public bool IsTemplateDue(ref uint told, uint packets, uint now, uint lifetime)
    {
        var before = Volatile.Read(ref told);
        return IsRefreshDue(before, now, lifetime, out var retries) && (_period > 0 || _refreshPeriod > 0 || packets == _threshold)
            && Interlocked.CompareExchange(ref told, Noted(TcpState.None, retries, now, lifetime), before) == before;
    }

    /// <summary>With a refresh period, nothing is told again before something of its expiry has changed; but for repetitions, an eighth of the period apart.</summary>
    private bool IsRefreshDue(uint told, uint now, uint lifetime, out uint retries)
    {
        retries = 0;
        if (_refreshPeriod == 0 || told >> EndShift == 0)
            return true;
        var difference = (int)(End(now, lifetime) - (told & EndMask)) >> EndShift;
        if (Math.Abs(difference) >= Math.Min(_refreshPeriod, (int)(Math.Max(lifetime / 2, ShortestRefresh) >> UnitShift)))
            return true;
        retries = ((told >> RetriesShift) & RetriesMask) + 1;
        return retries <= _retries && difference >= _refreshPeriod >> 3;
    }

    private static uint End(uint now, uint lifetime) => ((now + lifetime) >> UnitShift) << EndShift;

    private static uint Noted(TcpState state, uint retries, uint now, uint lifetime) => End(now, lifetime) | (retries << RetriesShift) | (uint)state;
}
