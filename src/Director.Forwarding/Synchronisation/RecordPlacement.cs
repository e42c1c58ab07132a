using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Synchronisation;

/// <summary>Which service and real server of our own a record of another director means.</summary>
internal static class RecordPlacement
{
    /// <summary>The service of a record; null when there is none.</summary>
    public static VirtualService? FindService(this ServiceLookup lookup, in ConnectionRecord record) => record.Mark != 0
        ? lookup.Find(record.Mark, record.Client.IsIPv6)
        : lookup.Find(record.Protocol, record.Virtual, (record.Flags & RecordFlags.AnyPort) != 0 ? (ushort)0 : record.VirtualPort);

    /// <summary>The service of a kernel's record, which does not say whether the service has a port of its own (<c>ip_vs_service_find()</c>); null when there is none.</summary>
    public static VirtualService? FindServiceOfKernel(this ServiceLookup lookup, in ConnectionRecord record) =>
        (record.Mark != 0 ? lookup.Find(record.Mark, record.Client.IsIPv6) : null)
        ?? lookup.Find(record.Protocol, record.Virtual, record.VirtualPort)
        ?? lookup.Find(record.Protocol, record.Virtual, 0);

    /// <summary>
    /// The real server of a record; null when there is none. Its own port is not on the wire: it is the connection's, or 0, or one that direct routing and tunnelling leave unused.
    /// </summary>
    public static Destination? FindOf(this VirtualService service, in ConnectionRecord record) => Find(service, record, isOfKernel: false);

    /// <summary>The real server of a kernel's record; null when there is none. How it is reached is this table's to say, and a template for all ports of a service names none.</summary>
    public static Destination? FindOfKernel(this VirtualService service, in ConnectionRecord record) => Find(service, record, isOfKernel: true);

    private static Destination? Find(VirtualService service, in ConnectionRecord record, bool isOfKernel)
    {
        Destination? other = null;
        foreach (var destination in service.Destinations)
        {
            if (destination.Address != record.Real)
                continue;
            if (destination.Port == record.RealPort)
                return destination;
            var isPortUnused = record.Kind == RecordKind.Connection
                ? isOfKernel ? destination.Method is ForwardingMethod.Direct or ForwardingMethod.Tunnel : (record.Flags & RecordFlags.Rewritten) == 0
                : isOfKernel && record.RealPort == 0;
            if (destination.Port == 0 || isPortUnused)
                other ??= destination;
        }

        return other;
    }
}
