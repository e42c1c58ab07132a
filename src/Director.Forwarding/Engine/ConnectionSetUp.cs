using System.Runtime.CompilerServices;
using Director.Forwarding.Connections;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Synchronisation.Ipvs;

namespace Director.Forwarding.Engine;

/// <summary>A client's first packet to a virtual service: access list, persistence, scheduler, entry; or a refusal.</summary>
internal sealed unsafe class ConnectionSetUp
{
    private readonly WorkerContext _context;
    private readonly DestinationRegistry _destinations;
    private readonly PersistenceTemplates _templates;
    private readonly WorkerConnections _connections;
    private readonly FragmentTable _fragments;
    private readonly RealServerDelivery _delivery;
    private readonly ErrorSender _errors;
    private readonly KernelHandBack _handBack;
    private readonly WorkerTraffic _traffic;
    private readonly PacketCounters _counters;
    private readonly ConnectionSender? _sender;
    private readonly IpvsSender? _ipvs;
    private readonly AdoptionPeriods? _adoption;

    /// <summary>Connections are set up with these.</summary>
    public ConnectionSetUp(
        ForwarderSetup setup, WorkerContext context, WorkerConnections connections, FragmentTable fragments, RealServerDelivery delivery, ErrorSender errors, KernelHandBack handBack)
    {
        _context = context;
        _destinations = setup.Destinations;
        _templates = setup.Templates;
        _traffic = setup.Traffic;
        _counters = setup.Counters;
        _connections = connections;
        _fragments = fragments;
        _delivery = delivery;
        _errors = errors;
        _handBack = handBack;
        _sender = setup.Sender;
        _ipvs = setup.Ipvs;
        _adoption = setup.Adoption;
    }

    /// <summary>Sets up the connection that a packet opens.</summary>
    /// <param name="frame">The frame that it came in.</param>
    /// <param name="packet">The packet; of no connection.</param>
    /// <param name="hash">Hash of the client's end.</param>
    /// <returns>The connection's number; 0 when there is none and the packet is dealt with.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public uint Open(ref Frame frame, ref Packet packet, ulong hash)
    {
        var flow = new Flow(packet.Protocol, packet.Source, packet.SourcePort, packet.Destination, packet.DestinationPort);
        var service = _context.Lookup.Find(flow);
        if (service is null)
        {
            if (!_context.Lookup.IsVip(packet.Destination))
            {
                _handBack.NotOurs(frame, packet);
                return 0;
            }

            Refuse(frame, packet);
            return 0;
        }

        if (!service.Admits(packet.Source))
        {
            _counters.Increment(PacketCounter.DropAccessDenied);
            return 0;
        }

        var isAdopted = false;
        if (packet.Protocol == Wire.Tcp && !MayOpen(packet) && !(isAdopted = IsAdopted(packet, service)))
        {
            _counters.Increment(PacketCounter.DropNotSyn);
            if (packet.Fragment == FragmentPart.Whole && _context.Held.Find(packet.Destination) is not { KeepsOwnConnections: true })
                _errors.Reset(frame, packet);
            return 0;
        }

        var isOnePacket = service.OnePacket && packet.Protocol == Wire.Udp;
        if (isOnePacket && packet.Fragment == FragmentPart.Later)
        {
            DeliverBehindFirst(ref frame, ref packet, service, hash);
            return 0;
        }

        uint template = 0;
        var destination = service.Persistence is null
            ? service.Schedule(flow, _context.Now)
            : _templates.Schedule(service, flow, _context.Now, _context.Lookup.Table.Options.ExpireQuiescentTemplate, _sender, out template);
        if (destination is null)
        {
            _counters.Increment(PacketCounter.DropNoRealServer);
            _errors.Send(frame, packet, SenderError.PortUnreachable, packet.Destination);
            return 0;
        }

        if (service.Persistence is not null && template == 0)
            _counters.Increment(PacketCounter.DropTemplatesFull);
        if (isOnePacket)
        {
            DeliverOnePacket(ref frame, ref packet, destination, template, hash);
            return 0;
        }

        var number = Create(packet, destination, template, hash);
        if (isAdopted && number != 0)
        {
            _connections.Establish(packet.IsIPv6, number);
            _counters.Increment(PacketCounter.ConnectionsAdopted);
        }

        return number;
    }

    private bool MayOpen(in Packet packet) => packet.Fragment != FragmentPart.Later
        && ((packet.TcpFlags & (Wire.Syn | Wire.Rst | Wire.Fin | Wire.Ack)) == Wire.Syn || _context.Lookup.Table.Options.SloppyTcp);

    /// <summary>Whether a packet is of a connection that this director may have taken over without having been told of it, and goes where it went before.</summary>
    private bool IsAdopted(in Packet packet, VirtualService service) => packet.Fragment != FragmentPart.Later && (packet.TcpFlags & (Wire.Syn | Wire.Rst)) == 0
        && _adoption is not null && service.IsFunctionOfPacket && _adoption.Covers(packet.Destination, _context.Now);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private uint Create(in Packet packet, Destination destination, uint template, ulong hash)
    {
        var isRewritten = destination.Method is ForwardingMethod.Nat or ForwardingMethod.Local;
        var port = destination.Port == 0 || !isRewritten ? packet.DestinationPort : destination.Port;
        var number = _connections.Create(
            hash,
            new(packet.Protocol, packet.Source, packet.SourcePort, packet.Destination, packet.DestinationPort, destination.Address, port),
            isRewritten ? ConnectionFlags.Rewritten : ConnectionFlags.InputOnly,
            destination.Index,
            template);
        if (number == 0)
        {
            Abandon(packet, destination, template);
            _counters.Increment(PacketCounter.DropTableFull);
            return 0;
        }

        _counters.Increment(PacketCounter.ConnectionsCreated);
        _traffic[destination.Index].Connections++;
        return number;
    }

    private void Abandon(in Packet packet, Destination destination, uint template)
    {
        destination.Unbind(active: false);
        if (template != 0)
            _templates.Release(template, packet.IsIPv6);
    }

    /// <summary>
    /// One-packet scheduling keeps no connection. A translated answer still has to come from the virtual address (IPVS leaves it as it is), so the way back is remembered.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void DeliverOnePacket(ref Frame frame, ref Packet packet, Destination destination, uint template, ulong hash)
    {
        var isRewritten = destination.Method is ForwardingMethod.Nat or ForwardingMethod.Local;
        var port = destination.Port == 0 || !isRewritten ? packet.DestinationPort : destination.Port;
        var table = _connections.Table(packet.IsIPv6);
        if (isRewritten)
        {
            var number = table.FindByReal(hash, packet.Protocol, packet.Source, packet.SourcePort, destination.Address, port);
            if (number == 0)
            {
                number = _connections.Create(
                    hash,
                    new(packet.Protocol, packet.Source, packet.SourcePort, packet.Destination, packet.DestinationPort, destination.Address, port),
                    ConnectionFlags.Rewritten,
                    -1,
                    0);
            }

            if (number != 0)
                _connections.Follow(number, packet, isOutput: false);
        }

        if (packet.Fragment != FragmentPart.Later)
            _traffic[destination.Index].Connections++;
        if (packet.Fragment == FragmentPart.First)
            _fragments.Remember(packet, _context.Now, destination.Index);
        var length = packet.Length;
        var sent = _delivery.ToRealServer(frame, ref packet, destination, isRewritten, port, 0, hash);
        if (template != 0)
            _ipvs?.FollowOnePacket(template, packet.IsIPv6, _connections.Now);
        Abandon(packet, destination, template);
        if (sent == 0)
            return;
        _counters.Increment(PacketCounter.ForwardedIn);
        _traffic[destination.Index].CountIn((uint)sent, (uint)length);
    }

    /// <summary>With one-packet scheduling no connection says where a datagram's later fragments go: to the real server of the first.</summary>
    private void DeliverBehindFirst(ref Frame frame, ref Packet packet, VirtualService service, ulong hash)
    {
        var number = _fragments.RealServerOf(packet, _context.Now);
        if (number < 0 || _destinations.Find(number) is not { } destination || destination.Service != service || !destination.TryBind())
        {
            _counters.Increment(PacketCounter.DropOrphanFragment);
            return;
        }

        DeliverOnePacket(ref frame, ref packet, destination, 0, hash);
    }

    /// <summary>Tells a client that no service has the address and port that it asked for.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Refuse(in Frame frame, in Packet packet)
    {
        _counters.Increment(PacketCounter.DropNoService);
        if (packet.Protocol == Wire.Tcp && packet.Fragment == FragmentPart.Whole)
            _errors.Reset(frame, packet);
        else
            _errors.Send(frame, packet, SenderError.PortUnreachable, packet.Destination);
    }
}
