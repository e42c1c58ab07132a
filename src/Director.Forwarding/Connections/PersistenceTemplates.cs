using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Synchronisation;

namespace Director.Forwarding.Connections;

/// <summary>
/// Persistence templates: which real server a client stays with. Shared by all workers and locked, since it is touched only when a connection is set up, established or ends
/// (<c>ip_vs_sched_persist()</c> in <c>ip_vs_core.c</c>). A template that still controls connections when its time comes lives another minute.
/// </summary>
internal sealed unsafe class PersistenceTemplates : IDisposable
{
    private const uint RetryHundredths = 6000;

    private readonly Lock _lock = new();
    private readonly DestinationRegistry _destinations;
    private readonly Family _v4;
    private readonly Family _v6;

    /// <param name="capacity">Templates that there is room for, each family.</param>
    /// <param name="seed">Secret of the hash.</param>
    /// <param name="destinations">The real servers by number.</param>
    public PersistenceTemplates(int capacity, ulong seed, DestinationRegistry destinations)
    {
        _destinations = destinations;
        _v4 = new Family(new ConnectionTable(false, capacity, seed));
        _v6 = new Family(new ConnectionTable(true, capacity, seed));
    }

    private sealed class Family(ConnectionTable table)
    {
        public ConnectionTable Table { get; } = table;

        public TimingWheel Wheel { get; } = new(table, 0);
    }

    /// <summary>The tables, for reports.</summary>
    public ConnectionTable Table(bool isIPv6) => Of(isIPv6).Table;

    private Family Of(bool isIPv6) => isIPv6 ? _v6 : _v4;

    /// <summary>The real server that the client's template names, or one newly scheduled, counted as <see cref="VirtualService.Schedule"/> does.</summary>
    /// <param name="service">A persistent service.</param>
    /// <param name="flow">The packet that opens the connection.</param>
    /// <param name="nowMilliseconds">Time since the engine's start.</param>
    /// <param name="expireQuiescent">Whether a client leaves a real server of weight 0.</param>
    /// <param name="sender">Tells the other directors; null when there are none.</param>
    /// <param name="template">The template, for <see cref="Release"/>; 0 when none could be kept.</param>
    /// <returns>Null when no real server can take the connection.</returns>
    public Destination? Schedule(VirtualService service, in Flow flow, long nowMilliseconds, bool expireQuiescent, ConnectionSender? sender, out uint template)
    {
        var persistence = service.Persistence!.Value;
        var client = flow.Source.Mask(persistence.PrefixLength);
        var isIPv6 = client.IsIPv6;
        var now = (uint)(nowMilliseconds / 10);
        var family = Of(isIPv6);
        var table = family.Table;
        var protocol = service.Mark != 0 ? (byte)0 : flow.Protocol;
        var address = service.Mark == 0 ? flow.Destination : MarkAsAddress(service.Mark, isIPv6);
        var port = service.Key.Port == 0 ? (ushort)0 : flow.DestinationPort;

        lock (_lock)
        {
            Advance(now);
            var hash = table.Hash(protocol, client, 0);
            template = table.FindByVirtual(hash, protocol, client, 0, address, port);
            Destination? destination = null;
            if (template != 0)
            {
                destination = _destinations[table[template]->Destination].Current();
                if (destination is not null && ((destination.Weight == 0 && (expireQuiescent || !destination.IsSteady)) || !destination.TryBind()))
                    destination = null;
            }

            destination ??= service.Schedule(flow, nowMilliseconds);
            if (destination is null)
            {
                template = 0;
                return null;
            }

            if (template == 0)
                template = Insert(family, hash, new(protocol, client, 0, address, port, destination.Address, destination.Port), destination, now);
            else if (table[template]->Destination != destination.Index)
                Move(table[template], destination, now);
            if (template == 0)
                return destination;

            var entry = table[template];
            entry->Template++;
            var lifetime = (uint)persistence.TimeoutSeconds * 100;
            family.Wheel.SetDeadline(template, entry, now + lifetime);
            if (sender is not null && now - entry->SentAt >= lifetime / 2)
                sender.Changed(entry, isIPv6, now);
            return destination;
        }
    }

    private static uint Insert(Family family, ulong hash, in ConnectionEnds ends, Destination destination, uint now)
    {
        if (!destination.TryBindTemplate())
            return 0;
        var number = family.Table.Insert(hash, ends);
        if (number == 0)
        {
            destination.UnbindTemplate();
            return 0;
        }

        var template = family.Table[number];
        template->Flags = ConnectionFlags.Template;
        template->Destination = destination.Index;
        template->Deadline = now;
        template->SentAt = now - ConnectionSender.Never;
        family.Wheel.Add(number);
        return number;
    }

    private void Move(Connection* template, Destination destination, uint now)
    {
        if (!destination.TryBindTemplate())
            return;
        _destinations[template->Destination].UnbindTemplate();
        template->Destination = destination.Index;
        template->RealPort = destination.Port;
        template->SentAt = now - ConnectionSender.Never;
    }

    /// <summary>Brings a template to what another director tells of it.</summary>
    /// <param name="record">What is told.</param>
    /// <param name="destination">The real server that it names.</param>
    /// <param name="now">Hundredths of a second since the engine's start.</param>
    /// <param name="heardBefore">Heard of since this time, it is not changed.</param>
    /// <returns>False when there was no room, or the real server was removed.</returns>
    public bool Receive(in ConnectionRecord record, Destination destination, uint now, uint? heardBefore)
    {
        var family = Of(record.Client.IsIPv6);
        var table = family.Table;
        lock (_lock)
        {
            Advance(now);
            var hash = table.Hash(record.Protocol, record.Client, 0);
            var number = table.FindByVirtual(hash, record.Protocol, record.Client, 0, record.Virtual, record.VirtualPort);
            if (number != 0 && heardBefore is { } time && (int)(table[number]->SentAt - time) > 0)
                return true;
            var isKnown = number != 0 && table[number]->Destination == destination.Index;
            number = FindOrInsert(family, record, destination, now);
            if (number == 0 || table[number]->Destination != destination.Index)
                return false;

            var template = table[number];
            if (isKnown && heardBefore is not null)
            {
                if ((int)(now + record.Left - template->Deadline) > 0)
                    family.Wheel.SetDeadline(number, template, now + record.Left);
                return true;
            }

            template->Flags |= ConnectionFlags.Received | ((record.Flags & RecordFlags.Assured) != 0 ? ConnectionFlags.Assured : 0);
            template->SentAt = now;

            // As in WorkerConnections.Receive(): longer by what is not told of before the next refresh.
            var lifetime = (uint)(destination.Service.Persistence?.TimeoutSeconds ?? 0) * 100;
            var deadline = now + record.Left + (lifetime / 2);
            if ((int)(deadline - template->Deadline) > 0)
                family.Wheel.SetDeadline(number, template, deadline);
            return true;
        }
    }

    /// <summary>Brings a template to what a kernel tells of it (<c>ip_vs_proc_conn()</c> in <c>ip_vs_sync.c</c>): it lives for exactly as long as that says.</summary>
    /// <returns>False when there was no room, or the real server was removed.</returns>
    public bool ReceiveOfKernel(in ConnectionRecord record, Destination destination, uint now)
    {
        var family = Of(record.Client.IsIPv6);
        lock (_lock)
        {
            Advance(now);
            var number = FindOrInsert(family, record, destination, now);
            if (number == 0 || family.Table[number]->Destination != destination.Index)
                return false;
            if ((record.Flags & RecordFlags.Assured) != 0)
                family.Table[number]->Flags |= ConnectionFlags.Assured;
            family.Wheel.SetDeadline(number, family.Table[number], now + record.Left);
            return true;
        }
    }

    /// <summary>The template of a record with the record's real server, where that can be had.</summary>
    private uint FindOrInsert(Family family, in ConnectionRecord record, Destination destination, uint now)
    {
        var hash = family.Table.Hash(record.Protocol, record.Client, 0);
        var number = family.Table.FindByVirtual(hash, record.Protocol, record.Client, 0, record.Virtual, record.VirtualPort);
        if (number == 0)
            return Insert(family, hash, new(record.Protocol, record.Client, 0, record.Virtual, record.VirtualPort, destination.Address, destination.Port), destination, now);
        if (family.Table[number]->Destination != destination.Index)
            Move(family.Table[number], destination, now);
        return number;
    }

    /// <summary>Puts a connection that another director told of under its template.</summary>
    /// <returns>The template, for <see cref="Release"/>; 0 when there is none.</returns>
    public uint Control(VirtualService service, in ConnectionRecord record)
    {
        if (service.Persistence is not { } persistence)
            return 0;
        var client = record.Client.Mask(persistence.PrefixLength);
        var table = Of(client.IsIPv6).Table;
        var protocol = service.Mark != 0 ? (byte)0 : record.Protocol;
        var address = service.Mark == 0 ? record.Virtual : MarkAsAddress(service.Mark, client.IsIPv6);
        var port = service.Key.Port == 0 ? (ushort)0 : record.VirtualPort;
        lock (_lock)
        {
            var template = table.FindByVirtual(table.Hash(protocol, client, 0), protocol, client, 0, address, port);
            if (template != 0)
                table[template]->Template++;
            return template;
        }
    }

    /// <summary>A connection that a template controls became established: the template is worth keeping under attack.</summary>
    public void Assure(uint template, bool isIPv6, uint now, ConnectionSender? sender)
    {
        lock (_lock)
        {
            var entry = Of(isIPv6).Table[template];
            if ((entry->Flags & ConnectionFlags.Assured) != 0)
                return;
            entry->Flags |= ConnectionFlags.Assured;
            sender?.Changed(entry, isIPv6, now);
        }
    }

    /// <summary>A connection that a template controls ended.</summary>
    public void Release(uint template, bool isIPv6)
    {
        lock (_lock)
        {
            Of(isIPv6).Table[template]->Template--;
        }
    }

    /// <summary>Lets templates expire whose time has come.</summary>
    /// <param name="now">Hundredths of a second since the engine's start.</param>
    public void Expire(uint now)
    {
        lock (_lock)
        {
            Advance(now);
        }
    }

    private void Advance(uint now)
    {
        Advance(_v4, now);
        Advance(_v6, now);
    }

    private void Advance(Family family, uint now)
    {
        Span<uint> due = stackalloc uint[64];
        int count;
        while ((count = family.Wheel.Advance(now, due)) > 0)
        {
            foreach (var number in due[..count])
            {
                var template = family.Table[number];
                if (template->Template > 0)
                {
                    template->Deadline = now + RetryHundredths;
                    family.Wheel.Add(number);
                    continue;
                }

                _destinations[template->Destination].UnbindTemplate();
                family.Table.Remove(number);
            }
        }
    }

    /// <summary>IPVS keeps a mark where a template has its virtual address, and ipvsadm shows it as one.</summary>
    private static InetAddress MarkAsAddress(uint mark, bool isIPv6)
    {
        var raw = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(mark);
        return isIPv6 ? InetAddress.FromIPv6(raw, 0) : InetAddress.FromIPv4(raw);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _v4.Table.Dispose();
        _v4.Wheel.Dispose();
        _v6.Table.Dispose();
        _v6.Wheel.Dispose();
    }
}
