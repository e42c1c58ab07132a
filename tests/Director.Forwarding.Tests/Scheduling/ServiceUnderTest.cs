using System.Net;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;

namespace Director.Forwarding.Tests.Scheduling;

/// <summary>A service table with one TCP service on 10.0.0.1:80, whose real servers 192.168.0.1, 192.168.0.2, ... are told by their weights.</summary>
internal sealed class ServiceUnderTest : IDisposable
{
    private readonly Traffic _traffic = new(1);
    private readonly ServiceTable _table;
    private VirtualServiceSpec _spec = new(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80));

    public ServiceUnderTest(string scheduler, IEnumerable<int> weights, SchedulerFlags flags = SchedulerFlags.None, int upperThreshold = 0, int seed = 1)
    {
        _table = new ServiceTable(_traffic, _ => false, new Random(seed));
        _spec = _spec with
        {
            Scheduler = scheduler,
            SchedulerFlags = flags,
            RealServers =
            [
                .. weights.Select((weight, at) =>
                    new RealServerSpec(IPAddress.Parse($"192.168.{(at + 1) >> 8}.{(at + 1) & 255}"), 80) { Weight = weight, UpperThreshold = upperThreshold }),
            ],
        };
        Apply();
    }

    public VirtualService Service => _table.Current.Services[0];

    /// <summary>The real servers in the order of their weights' list.</summary>
    public Destination[] Destinations => [.. _spec.RealServers.Select(spec => Service.Find(InetAddress.From(spec.Address), spec.Port)!)];

    public static Flow From(uint client, ushort port = 1024, uint destination = 0x0100000a) =>
        new(6, InetAddress.FromIPv4(client), port, InetAddress.FromIPv4(destination), 80);

    /// <summary>Schedules a connection and keeps it, active; null when it was refused.</summary>
    public Destination? Open(in Flow flow, long nowMilliseconds = 0)
    {
        var destination = Service.Schedule(flow, nowMilliseconds);
        destination?.Activate();
        return destination;
    }

    /// <summary>Schedules a connection and forgets it.</summary>
    public Destination? Ask(in Flow flow, long nowMilliseconds = 0)
    {
        var destination = Service.Schedule(flow, nowMilliseconds);
        destination?.Unbind(active: false);
        return destination;
    }

    public void SetWeight(int at, int weight)
    {
        _spec = _spec with { RealServers = _spec.RealServers.SetItem(at, _spec.RealServers[at] with { Weight = weight }) };
        Apply();
    }

    public void Remove(int at)
    {
        _spec = _spec with { RealServers = _spec.RealServers.RemoveAt(at) };
        Apply();
    }

    public void Dispose() => _traffic.Dispose();

    private void Apply() => _table.Apply(new ForwardingTable { Services = [_spec] });
}
