using System.Net;
using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Packets;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

/// <summary>The recorded decisions of IPVS again, made by packets through one, two and three workers.</summary>
public sealed class PacketVectorTests
{
    [Theory]
    [MemberData(nameof(SchedulerVectorTests.Exact), MemberType = typeof(SchedulerVectorTests))]
    public void Every_connections_packets_go_where_IPVS_sent_them(string name)
    {
        var vector = SchedulerVector.All[name];
        foreach (var workers in (int[])[1, 2, 3])
        {
            using var run = new PacketVectorRun(vector, workers);
            foreach (var step in vector.Events)
            {
                var server = run.Step(step);
                if (step is SchedulerEvent.Connection connection)
                    Assert.Equal((workers, connection.Number, connection.Server), (workers, connection.Number, server));
            }

            run.AssertTableAfter();
        }
    }
}

/// <summary>Does what a vector did by packets: handshake, close, refused SYN.</summary>
internal sealed class PacketVectorRun : IDisposable
{
    private readonly SchedulerVector _vector;
    private readonly WorkersOnMemory _workers;
    private readonly Dictionary<int, (SchedulerEvent.Connection Connection, IPEndPoint Server)> _open = [];
    private ForwardingTable _table;

    public PacketVectorRun(SchedulerVector vector, int workers)
    {
        _vector = vector;
        _workers = new WorkersOnMemory(workers);
        _table = new ForwardingTable { Options = new ForwardingOptions { ExpireQuiescentTemplate = vector.ExpireQuiescentTemplate } };
    }

    /// <summary>Does one step; returns where a connection came out, null when it was refused.</summary>
    public IPEndPoint? Step(SchedulerEvent step)
    {
        switch (step)
        {
            case SchedulerEvent.Command command:
                _table = Marked(_table.Apply(command.Arguments));
                _workers.Apply(_table);
                return null;
            case SchedulerEvent.Close close:
                var (closed, at) = _open[close.Number];
                Close(closed, at);
                return null;
            case SchedulerEvent.Connection connection:
                return Connect(connection);
            default:
                throw new ArgumentException($"Unknown step {step}.", nameof(step));
        }
    }

    /// <summary>Compares weights and connections with <c>ipvsadm -L -n</c> at the end of the vector; real servers that were removed before and added again with all that they ever got.</summary>
    public void AssertTableAfter()
    {
        var registry = _workers.Services.Destinations;
        var all = Enumerable.Range(0, registry.Used).Select(registry.Find).OfType<Forwarding.Scheduling.Destination>().ToArray();
        var actual = _workers.Services.Current.Services.SelectMany(service => service.Destinations.ToArray()).Select(destination =>
        {
            var same = all.Where(other => other.Current() == destination).ToArray();
            return $"{new IPEndPoint(destination.Address.ToIPAddress(), destination.Port)} {destination.Weight} {same.Sum(each => each.ActiveConnections)} {same.Sum(each => each.InactiveConnections)}";
        });
        var expected = _vector.TableAfter.Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["->", _, "Masq", ..])
            .Select(words => $"{words[1]} {words[3]} {words[4]} {words[5]}");
        Assert.Equal(expected.Order(), actual.Order());
    }

    public void Dispose() => _workers.Dispose();

    /// <summary>What the vector's clients connect to carries the mark of its mark service.</summary>
    private ForwardingTable Marked(ForwardingTable table) => table with
    {
        Marks =
        [
            .. from service in table.Services
               where service.Key.Mark != 0
               from destination in _vector.Events.OfType<SchedulerEvent.Connection>().Select(connection => connection.Destination.Address).Distinct()
               where service.Key.IsIPv6 == (destination.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6)
               select new MarkRule(service.Key.Mark, null, new IPNetwork(destination, service.Key.IsIPv6 ? 128 : 32), []),
        ],
    };

    private IPEndPoint? Connect(SchedulerEvent.Connection connection)
    {
        var isTcp = _vector.Protocol == Protocol.Tcp;
        var first = FromClient(connection);
        var sent = Assert.Single(_workers.Send((isTcp ? first.Tcp(connection.Source.Port, connection.Destination.Port, TcpFlags.Syn) : first.Udp(connection.Source.Port, connection.Destination.Port)).Build())).Bytes;
        var isIPv6 = sent[12] == 0x86;
        var ip = sent.AsSpan(14);
        var protocol = isIPv6 ? ip[6] : ip[9];
        if (protocol is 1 or 58)
        {
            var icmp = ip[(isIPv6 ? 40 : 20)..];
            Assert.Equal(isIPv6 ? (1, 4) : (3, 3), (icmp[0], icmp[1]));
            return null;
        }

        var transport = ip[(isIPv6 ? 40 : 20)..];
        var server = new IPEndPoint(new IPAddress(isIPv6 ? ip.Slice(24, 16) : ip.Slice(16, 4)), (transport[2] << 8) | transport[3]);
        if (!isTcp)
            return server;
        ToClient(connection, server, TcpFlags.Syn | TcpFlags.Ack);
        ToServer(connection, TcpFlags.Ack);
        if (connection.ClosedBeforeNext)
            Close(connection, server);
        else
            _open[connection.Number] = (connection, server);
        return server;
    }

    private void Close(SchedulerEvent.Connection connection, IPEndPoint server)
    {
        ToServer(connection, TcpFlags.Fin | TcpFlags.Ack);
        ToClient(connection, server, TcpFlags.Fin | TcpFlags.Ack);
        ToServer(connection, TcpFlags.Ack);
    }

    private void ToServer(SchedulerEvent.Connection connection, TcpFlags flags) =>
        Assert.Single(_workers.Send(FromClient(connection).Tcp(connection.Source.Port, connection.Destination.Port, flags).Build()));

    private void ToClient(SchedulerEvent.Connection connection, IPEndPoint server, TcpFlags flags) => Assert.Single(_workers.Send(
        PacketBuilder.Ethernet(WorkersOnMemory.Mac, WorkersOnMemory.OthersMac).IP(server.Address.ToString(), connection.Source.Address.ToString()).Tcp(server.Port, connection.Source.Port, flags).Build()));

    private static PacketBuilder FromClient(SchedulerEvent.Connection connection) =>
        PacketBuilder.Ethernet(WorkersOnMemory.Mac, WorkersOnMemory.OthersMac).IP(connection.Source.Address.ToString(), connection.Destination.Address.ToString());
}
