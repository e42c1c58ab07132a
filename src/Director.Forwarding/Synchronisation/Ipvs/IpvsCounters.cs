using System.Text.Json;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>What happened to the datagrams of the kernel's synchronisation.</summary>
internal sealed class IpvsCounters
{
    private static readonly IpvsFault[] Faults = [.. Enum.GetValues<IpvsFault>().Where(fault => fault != IpvsFault.None)];
    private readonly long[] _faults = new long[Enum.GetValues<IpvsFault>().Length];
    private long _sentDatagrams;
    private long _sentEntries;
    private long _sendFailed;
    private long _notCarried;
    private long _datagrams;
    private long _entries;

    /// <summary>A datagram was sent.</summary>
    public void Sent(int entries)
    {
        Interlocked.Increment(ref _sentDatagrams);
        Interlocked.Add(ref _sentEntries, entries);
    }

    /// <summary>A datagram was not taken by the kernel.</summary>
    public void SendFailed() => Interlocked.Increment(ref _sendFailed);

    /// <summary>An IPv6 connection was not told of, since version 0 has no place for it.</summary>
    public void NotCarried() => Interlocked.Increment(ref _notCarried);

    /// <summary>A datagram came.</summary>
    public void Received() => Interlocked.Increment(ref _datagrams);

    /// <summary>An entry was taken.</summary>
    public void Taken() => Interlocked.Increment(ref _entries);

    /// <summary>A datagram or an entry was not taken.</summary>
    public void Dropped(IpvsFault fault) => Interlocked.Increment(ref _faults[(int)fault]);

    /// <summary>How often something was not taken for this reason.</summary>
    public long this[IpvsFault fault] => Volatile.Read(ref _faults[(int)fault]);

    /// <summary>All, by the names that reports show.</summary>
    /// <param name="senders">The workers' side.</param>
    public IEnumerable<KeyValuePair<string, ulong>> ByName(IReadOnlyCollection<IpvsSender> senders) =>
    [
        new("ipvs-sync-sent-datagrams", (ulong)Volatile.Read(ref _sentDatagrams)),
        new("ipvs-sync-sent-entries", (ulong)Volatile.Read(ref _sentEntries)),
        new("ipvs-sync-send-failed", (ulong)Volatile.Read(ref _sendFailed)),
        new("ipvs-sync-received-datagrams", (ulong)Volatile.Read(ref _datagrams)),
        new("ipvs-sync-received-entries", (ulong)Volatile.Read(ref _entries)),
        new("drop-ipvs-sync-ring-full", (ulong)senders.Sum(sender => sender.Lost)),
        new("drop-ipvs-sync-mixed-families", (ulong)senders.Sum(sender => sender.Mixed)),
        new("drop-ipvs-sync-no-ipv6", (ulong)Volatile.Read(ref _notCarried)),
        .. Faults.Select(fault => new KeyValuePair<string, ulong>($"drop-ipvs-sync-{JsonNamingPolicy.KebabCaseLower.ConvertName(fault.ToString())}", (ulong)this[fault])),
    ];
}
