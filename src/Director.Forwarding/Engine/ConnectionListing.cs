using System.Collections.Immutable;
using System.Net;
using Director.Forwarding.Connections;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Engine;

/// <summary>Lists the entries of a table while its worker goes on.</summary>
internal static unsafe class ConnectionListing
{
    /// <summary>Appends what is in a table.</summary>
    /// <param name="table">The table.</param>
    /// <param name="now">Hundredths of a second since the engine's start.</param>
    /// <param name="destinations">The real servers by number.</param>
    /// <param name="list">Receives the entries.</param>
    public static void Append(ConnectionTable table, uint now, DestinationRegistry destinations, ImmutableArray<ConnectionReport>.Builder list)
    {
        var copy = stackalloc byte[Connection.IPv6Size];
        for (uint number = 1; number < table.NumberLimit; number++)
        {
            if (!table.TryCopy(number, copy))
                continue;
            var connection = (Connection*)copy;
            if ((connection->Flags & ConnectionFlags.Straight) == 0 && Report(connection, table.IsIPv6, now, destinations) is { } report)
                list.Add(report);
        }
    }

    private static ConnectionReport? Report(Connection* connection, bool isIPv6, uint now, DestinationRegistry destinations)
    {
        var destination = connection->Destination < 0 ? null : destinations.Find(connection->Destination);
        if (destination is null && connection->Destination >= 0)
            return null;
        var isTemplate = (connection->Flags & ConnectionFlags.Template) != 0;
        var real = destination is null ? Connection.Real(connection, isIPv6) : destination.Address;
        var remaining = Math.Max((int)(connection->Deadline - now), 0) * 10L;
        var method = destination?.Method ?? ForwardingMethod.Nat;
        if ((connection->Flags & ConnectionFlags.Rewritten) != 0 && method != ForwardingMethod.Local)
            method = ForwardingMethod.Nat;
        return new(
            connection->Protocol,
            State(connection, isTemplate),
            remaining,
            new IPEndPoint(Connection.Client(connection, isIPv6).ToIPAddress(), connection->ClientPort),
            new IPEndPoint(Connection.Virtual(connection, isIPv6).ToIPAddress(), connection->VirtualPort),
            new IPEndPoint(real.ToIPAddress(), connection->RealPort),
            method,
            isTemplate,
            destination?.Service.Mark ?? 0);
    }

    private static string State(Connection* connection, bool isTemplate) => isTemplate
        ? (connection->Flags & ConnectionFlags.Assured) != 0 ? "ASSURED" : "NONE"
        : connection->Protocol == Wire.Udp ? "UDP" : TcpStateTable.Name(connection->State);
}
