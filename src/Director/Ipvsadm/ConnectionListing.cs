using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Text;
using Director.Forwarding;

namespace Director.Ipvsadm;

/// <summary>The connections as <c>ipvsadm -L -c</c> prints them.</summary>
internal static class ConnectionListing
{
    /// <summary>A title and one line for each connection and template.</summary>
    public static string Format(IEnumerable<ConnectionReport> connections, ListFormat format, INames names)
    {
        EndpointText endpoints = new(format.HasFlag(ListFormat.Numeric) ? null : names);
        StringBuilder text = new("IPVS connection entries\n");
        // Connections have no persistence engine: the two columns that this option adds stay empty.
        text.Append(format.HasFlag(ListFormat.PersistentConnections)
            ? "pro expire state       source             virtual            destination        pe name          pe_data\n"
            : "pro expire state       source             virtual            destination\n");
        foreach (ConnectionReport connection in connections)
        {
            string protocol = connection.Protocol switch
            {
                6 => "TCP",
                17 => "UDP",
                _ => "IP",
            };
            long seconds = Math.Max(0, connection.RemainingMilliseconds) / 1000;
            string expire = string.Create(CultureInfo.InvariantCulture, $"{seconds / 60:00}:{seconds % 60:00}");
            string client = Endpoint(connection.Client);
            text.Append(CultureInfo.InvariantCulture, $"{protocol,-3} {expire,-6} {connection.State,-11} {client,-18} {Endpoint(Virtual(connection)),-18} {Endpoint(connection.RealServer)}\n");

            string Endpoint(IPEndPoint endpoint) => endpoints.Format(endpoint.Address, endpoint.Port, connection.Protocol);
        }

        return text.ToString();
    }

    // ip_vs_core.c keeps the template of a mark service under the mark, written as an address.
    private static IPEndPoint Virtual(ConnectionReport connection)
    {
        if (!connection.IsTemplate || connection.Mark == 0)
            return connection.Virtual;
        byte[] address = new byte[connection.Client.Address.GetAddressBytes().Length];
        BinaryPrimitives.WriteUInt32BigEndian(address, connection.Mark);
        return new IPEndPoint(new IPAddress(address), connection.Virtual.Port);
    }
}
