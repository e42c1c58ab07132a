using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Synchronisation;

/// <summary>
/// Takes what other directors tell into a worker's tables, as connections like any other: counted at their real servers, expiring by their own timeouts. The record that came last holds; one that
/// names another real server takes the connection there. What this director cannot place, because its table has no such service or real server, is left out and counted.
/// </summary>
internal sealed unsafe class ReceivedConnections(WorkerContext context, WorkerConnections connections, PersistenceTemplates templates, RecordRing ring, PacketCounters counters)
{
    /// <summary>Records taken in a row, so that packets do not wait: about 50 µs.</summary>
    private const int AtOnce = 256;

    /// <summary>Whether nothing waits.</summary>
    public bool IsEmpty => ring.IsEmpty;

    /// <summary>Takes what waits, a bounded number.</summary>
    public void Take()
    {
        for (var taken = 0; taken < AtOnce && ring.TryRead(out var received); taken++)
            Take(received);
    }

    private void Take(in ReceivedRecord received)
    {
        if (received.Source == RecordSource.Kernel)
        {
            TakeOfKernel(received);
            return;
        }

        var isOfSnapshot = received.Source == RecordSource.Snapshot;
        ref readonly var record = ref received.Record;
        var isIPv6 = record.Client.IsIPv6;
        var table = connections.Table(isIPv6);
        var hash = table.Hash(record.Protocol, record.Client, record.ClientPort);
        var number = table.FindByVirtual(hash, record.Protocol, record.Client, record.ClientPort, record.Virtual, record.VirtualPort);
        if (number != 0 && isOfSnapshot && (int)(table[number]->SentAt - received.Heard) > 0)
            return;
        if (record.Kind == RecordKind.End)
        {
            if (number != 0)
                connections.Forget(isIPv6, number);
            counters.Increment(PacketCounter.SynchronisedEnded);
            return;
        }

        Destination? destination = null;
        if ((record.Flags & (RecordFlags.Masqueraded | RecordFlags.Straight)) == 0 && !TryFindDestination(record, isOfKernel: false, out destination))
            return;
        if (number != 0 && !IsSame(table[number], record, destination))
        {
            connections.Forget(isIPv6, number);
            number = 0;
        }

        if (number == 0)
            number = Create(hash, record, destination);
        if (number == 0)
            return;
        connections.Receive(isIPv6, number, record, isOfSnapshot, received.Heard);
        counters.Increment(PacketCounter.Synchronised);
    }

    /// <summary>
    /// Takes what a kernel tells, by the rules of its own backup (<c>ip_vs_proc_conn()</c> in <c>ip_vs_sync.c</c>): an active connection to another real server takes the place of the one that is
    /// there, an inactive one is late news of it and left out; it lives for exactly as long as it says.
    /// </summary>
    private void TakeOfKernel(in ReceivedRecord received)
    {
        var record = received.Record;
        var isIPv6 = record.Client.IsIPv6;
        var table = connections.Table(isIPv6);
        var hash = table.Hash(record.Protocol, record.Client, record.ClientPort);
        var number = table.FindByVirtual(hash, record.Protocol, record.Client, record.ClientPort, record.Virtual, record.VirtualPort);
        if (number == 0 || !IsTo(table[number], record))
        {
            if (!TryFindDestination(record, isOfKernel: true, out var destination))
                return;
            if (number != 0 && received.IsInactive)
            {
                counters.Increment(PacketCounter.DropSynchronisedReplaced);
                return;
            }

            if (number != 0)
                connections.Forget(isIPv6, number);
            record.Flags = RecordFlags.Controlled | (destination!.Method is ForwardingMethod.Nat or ForwardingMethod.Local ? RecordFlags.Rewritten : RecordFlags.InputOnly);
            number = Create(hash, record, destination);
            if (number == 0)
                return;
        }

        connections.ReceiveOfKernel(isIPv6, number, record, received.Packets);
        counters.Increment(PacketCounter.Synchronised);
    }

    private static bool IsTo(Connection* connection, in ConnectionRecord record) =>
        connection->Destination >= 0 && connection->RealPort == record.RealPort && Connection.Real(connection, record.Client.IsIPv6) == record.Real;

    private bool TryFindDestination(in ConnectionRecord record, bool isOfKernel, out Destination? destination)
    {
        destination = null;
        if ((isOfKernel ? context.Lookup.FindServiceOfKernel(record) : context.Lookup.FindService(record)) is not { } service)
        {
            counters.Increment(PacketCounter.DropUnknownSynchronisedService);
            return false;
        }

        destination = isOfKernel ? service.FindOfKernel(record) : service.FindOf(record);
        if (destination is null)
            counters.Increment(PacketCounter.DropUnknownSynchronisedRealServer);
        return destination is not null;
    }

    private static bool IsSame(Connection* connection, in ConnectionRecord record, Destination? destination) =>
        connection->Destination == (destination?.Index ?? -1)
        && connection->RealPort == record.RealPort
        && ((connection->Flags ^ FlagsOf(record)) & (ConnectionFlags.Rewritten | ConnectionFlags.Masqueraded | ConnectionFlags.Straight)) == 0
        && (destination is not null || Connection.Real(connection, record.Client.IsIPv6) == record.Real);

    private uint Create(ulong hash, in ConnectionRecord record, Destination? destination)
    {
        if (destination is not null && !destination.TryBind())
        {
            counters.Increment(PacketCounter.DropUnknownSynchronisedRealServer);
            return 0;
        }

        var template = destination is not null && (record.Flags & RecordFlags.Controlled) != 0 ? templates.Control(destination.Service, record) : 0;
        var number = connections.Create(
            hash,
            new(record.Protocol, record.Client, record.ClientPort, record.Virtual, record.VirtualPort, record.Real, record.RealPort),
            FlagsOf(record),
            destination?.Index ?? -1,
            template);
        if (number != 0)
            return number;
        destination?.Unbind(active: false);
        if (template != 0)
            templates.Release(template, record.Client.IsIPv6);
        counters.Increment(PacketCounter.DropSynchronisedTableFull);
        return 0;
    }

    private static ConnectionFlags FlagsOf(in ConnectionRecord record) =>
        ((record.Flags & RecordFlags.Rewritten) != 0 ? ConnectionFlags.Rewritten : 0)
        | ((record.Flags & RecordFlags.InputOnly) != 0 ? ConnectionFlags.InputOnly : 0)
        | ((record.Flags & RecordFlags.Masqueraded) != 0 ? ConnectionFlags.Masqueraded : 0)
        | ((record.Flags & RecordFlags.Straight) != 0 ? ConnectionFlags.Straight : 0);
}
