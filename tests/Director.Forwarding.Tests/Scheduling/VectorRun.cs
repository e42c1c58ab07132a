using System.Net;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

/// <summary>
/// Does what a vector did to a <see cref="ServiceTable"/>, with a small model of connections and persistence templates, none of which lives long enough to
/// expire.
/// </summary>
internal sealed class VectorRun : IDisposable
{
    private readonly SchedulerVector _vector;
    private readonly Traffic _traffic = new(1);
    private readonly Dictionary<(Flow Flow, uint Mark), int> _entries = [];
    private readonly Dictionary<int, (Destination Destination, bool Active)> _connections = [];
    private readonly Dictionary<(VirtualService Service, InetAddress Client), Destination> _templates = [];
    private readonly HashSet<Destination> _used = [];
    private ForwardingTable _table;

    public VectorRun(SchedulerVector vector, Random? random = null)
    {
        _vector = vector;
        Table = new ServiceTable(_traffic, _ => false, random);
        _table = new ForwardingTable { Options = new ForwardingOptions { ExpireQuiescentTemplate = vector.ExpireQuiescentTemplate } };
    }

    /// <summary>What the vector was done to.</summary>
    public ServiceTable Table { get; }

    /// <summary>Does one step; returns where a connection came out, null when it was refused.</summary>
    public IPEndPoint? Step(SchedulerEvent step)
    {
        switch (step)
        {
            case SchedulerEvent.Command command:
                _table = Marked(_table.Apply(command.Arguments));
                Table.Apply(_table);
                return null;
            case SchedulerEvent.Close close:
                var closed = _connections[close.Number];
                closed.Destination.Deactivate();
                _connections[close.Number] = (closed.Destination, false);
                return null;
            case SchedulerEvent.Connection connection:
                return Connect(connection) is { } destination
                    ? new IPEndPoint(destination.Address.ToIPAddress(), destination.Port == 0 ? connection.Destination.Port : destination.Port)
                    : null;
            default:
                throw new ArgumentException($"Unknown step {step}.", nameof(step));
        }
    }

    /// <summary>Real servers that had connections and were removed, and that this one was added again for.</summary>
    public IEnumerable<Destination> Predecessors(Destination destination) => _used.Where(used => used != destination && used.Current() == destination);

    /// <summary>
    /// Compares weights and connections with <c>ipvsadm -L -n</c> at the end of the vector. A real server that was removed and added again has only its new
    /// connections here; IPVS gave it its old ones back, so they are added before comparing.
    /// </summary>
    public void AssertTableAfter()
    {
        var actual = Table.Current.Services.SelectMany(service => service.Destinations.ToArray()).Select(destination =>
        {
            var all = Predecessors(destination).Append(destination).ToArray();
            return (
                new IPEndPoint(destination.Address.ToIPAddress(), destination.Port),
                destination.Weight,
                all.Sum(each => each.ActiveConnections),
                all.Sum(each => each.InactiveConnections));
        });
        var expected = _vector.TableAfter.Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Where(words => words is ["->", _, "Masq" or "Route" or "Tunnel", ..])
            .Select(words => (IPEndPoint.Parse(words[1]), int.Parse(words[3]), int.Parse(words[4]), int.Parse(words[5])));
        Assert.Equal(expected.OrderBy(each => each.Item1.ToString()), actual.OrderBy(each => each.Item1.ToString()));
    }

    /// <inheritdoc/>
    public void Dispose() => _traffic.Dispose();

    /// <summary>Every packet carries the mark of the vector's mark service.</summary>
    private static ForwardingTable Marked(ForwardingTable table) => table with
    {
        Marks =
        [
            .. table.Services.Where(service => service.Key.Mark != 0)
                .Select(service => new MarkRule(service.Key.Mark, null, IPNetwork.Parse(service.Key.IsIPv6 ? "::/0" : "0.0.0.0/0"), [])),
        ],
    };

    private Destination? Connect(SchedulerEvent.Connection connection)
    {
        var flow = new Flow(
            (byte)_vector.Protocol,
            InetAddress.From(connection.Source.Address),
            (ushort)connection.Source.Port,
            InetAddress.From(connection.Destination.Address),
            (ushort)connection.Destination.Port);
        var service = Table.Current.Find(flow);
        Assert.NotNull(service);
        if (_entries.TryGetValue((flow, service.Mark), out int earlier))
        {
            if (_vector.Protocol == Protocol.Udp)
            {
                return _connections[earlier].Destination;
            }

            // A SYN on an entry in TIME_WAIT begins anew (conn_reuse_mode = 1).
            _connections[earlier].Destination.Unbind(_connections[earlier].Active);
        }

        var destination = service.Persistence is { } persistence ? FromTemplate(service, flow, persistence) : service.Schedule(flow, 0);
        if (destination is null)
        {
            return null;
        }

        _used.Add(destination);
        bool stays = _vector.Protocol == Protocol.Tcp && !connection.ClosedBeforeNext;
        if (stays)
        {
            destination.Activate();
        }

        if (service.OnePacket)
        {
            destination.Unbind(active: false);
        }
        else
        {
            _entries[(flow, service.Mark)] = connection.Number;
            _connections[connection.Number] = (destination, stays);
        }

        return destination;
    }

    private Destination? FromTemplate(VirtualService service, in Flow flow, Persistence persistence)
    {
        var key = (service, flow.Source.Mask(persistence.PrefixLength));
        if (_templates.TryGetValue(key, out var kept) && kept.Current() is { } current && (current.Weight > 0 || !_table.Options.ExpireQuiescentTemplate))
        {
            Assert.True(current.TryBind());
            return current;
        }

        var destination = service.Schedule(flow, 0);
        if (destination is not null)
        {
            kept?.UnbindTemplate();
            Assert.True(destination.TryBindTemplate());
            _templates[key] = destination;
        }

        return destination;
    }
}
