using Director.Forwarding.Connections;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>Takes a datagram of the kernel's synchronisation apart and hands its connections to those who have them from then on.</summary>
/// <param name="syncId">The synchronisation id that is taken; 0 takes all.</param>
/// <param name="delivery">The way to templates and workers.</param>
/// <param name="threshold">After how many packets a connection is told of: what was received counts as told.</param>
/// <param name="counters">Counts.</param>
internal sealed class IpvsReception(int syncId, RecordDelivery delivery, int threshold, IpvsCounters counters)
{
    // A template of version 0, which carries no timeout (ip_vs_proc_conn()).
    private const uint UnknownTemplateLifetime = 180 * 100;
    private const uint LongestLifetime = 31 * 24 * 60 * 60;

    /// <summary>Takes a datagram.</summary>
    public void Take(ReadOnlySpan<byte> bytes)
    {
        counters.Received();
        var fault = IpvsDatagram.TryOpen(bytes, out var datagram);
        if (fault == IpvsFault.None && syncId != 0 && datagram.SyncId != syncId)
            fault = IpvsFault.OtherId;
        if (fault != IpvsFault.None)
        {
            counters.Dropped(fault);
            return;
        }

        var touched = 0UL;
        while (datagram.TryNext(out var entry, out fault))
        {
            if (fault == IpvsFault.None)
                fault = Take(entry, datagram.Options, ref touched);
            if (fault == IpvsFault.None)
                counters.Taken();
            else
                counters.Dropped(fault);
        }

        delivery.Wake(touched);
    }

    private IpvsFault Take(in IpvsEntry entry, IpvsEntryOptions options, ref ulong touched)
    {
        if (!options.PersistenceData.IsEmpty || !options.PersistenceName.IsEmpty)
            return IpvsFault.PersistenceEngine;
        var record = RecordOf(entry);
        if (entry.IsTemplate)
            return delivery.DeliverTemplateOfKernel(record) ? IpvsFault.None : IpvsFault.UnplacedTemplate;
        if ((entry.Flags & IpvsFlags.NoClientPort) != 0)
            return IpvsFault.NoClientPort;
        if (options.ShiftsSequence)
            return IpvsFault.SequenceShifted;
        touched |= 1UL << delivery.Give(new ReceivedRecord
        {
            Record = record,
            Source = RecordSource.Kernel,
            IsInactive = (entry.Flags & IpvsFlags.Inactive) != 0,
            Packets = (uint)threshold,
            Heard = delivery.Now,
        });
        return IpvsFault.None;
    }

    /// <summary>An entry in our own terms. How the real server is reached is not taken from it: a connection inherits that from the real server of this director's table (<c>ip_vs_bind_dest()</c>).</summary>
    private static ConnectionRecord RecordOf(in IpvsEntry entry) => new()
    {
        Kind = entry.IsTemplate ? RecordKind.Template : RecordKind.Connection,
        Flags = entry is { IsTemplate: true, State: 1 } ? RecordFlags.Assured : RecordFlags.None,
        Protocol = entry.Protocol,
        State = !entry.IsTemplate && entry.Protocol == Wire.Tcp ? (TcpState)entry.State : TcpState.None,
        ClientPort = entry.ClientPort,
        VirtualPort = entry.VirtualPort,
        RealPort = entry.RealPort,
        Left = entry.Timeout == 0 && entry.IsTemplate ? UnknownTemplateLifetime : Math.Min(entry.Timeout, LongestLifetime) * 100,
        Mark = entry.Mark,
        Client = entry.Client,
        Virtual = entry.Virtual,
        Real = entry.Real,
    };
}
