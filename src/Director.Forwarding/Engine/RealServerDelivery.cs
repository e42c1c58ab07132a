using System.Runtime.CompilerServices;
using Director.Forwarding.Links;
using Director.Forwarding.Methods;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Engine;

/// <summary>Sends packets of clients to real servers by the forwarding method, and packets of real servers to clients (<c>ip_vs_xmit.c</c>).</summary>
internal sealed unsafe class RealServerDelivery
{
    private readonly PathCache _paths;
    private readonly Transmitter _transmitter;
    private readonly ErrorSender _errors;
    private readonly Outbox _outbox;
    private readonly PacketCounters _counters;
    private readonly LinkSet _links;
    private ushort _identification;

    /// <param name="links">The worker's links.</param>
    /// <param name="paths">Ways to addresses.</param>
    /// <param name="transmitter">Sends.</param>
    /// <param name="errors">Reports errors to senders.</param>
    /// <param name="outbox">Room for segments and fragments.</param>
    /// <param name="counters">The worker's counters.</param>
    public RealServerDelivery(LinkSet links, PathCache paths, Transmitter transmitter, ErrorSender errors, Outbox outbox, PacketCounters counters)
    {
        _links = links;
        _paths = paths;
        _transmitter = transmitter;
        _errors = errors;
        _outbox = outbox;
        _counters = counters;
    }

    /// <summary>Whether the outer header of a tunnel forbids fragmenting as the inner one does (pmtu_disc).</summary>
    public bool PathMtuDiscovery { get; set; } = true;

    /// <summary>Sends a client's packet to a real server.</summary>
    /// <param name="incoming">The frame that it came in.</param>
    /// <param name="packet">The packet; changed.</param>
    /// <param name="destination">The real server.</param>
    /// <param name="isRewritten">Whether the connection is translated (NAT and local).</param>
    /// <param name="realPort">The real server's port for this connection.</param>
    /// <param name="mss">Largest segment that the real server announced, or 0.</param>
    /// <param name="flowHash">Hash of the client's end.</param>
    /// <returns>How many packets were sent, a superframe counting as its segments; 0 when it was dropped and counted.</returns>
    public int ToRealServer(in Frame incoming, ref Packet packet, Destination destination, bool isRewritten, ushort realPort, int mss, ulong flowHash)
    {
        if (isRewritten)
        {
            return destination.Method == ForwardingMethod.Local
                ? ToThisHost(incoming, ref packet, destination.Address, realPort)
                : Translated(incoming, ref packet, destination.Address, realPort, mss);
        }

        return destination.Method == ForwardingMethod.Tunnel
            ? Tunnelled(incoming, ref packet, destination, flowHash)
            : Direct(incoming, ref packet, destination.Address, mss);
    }

    /// <summary>Sends a client's packet to a real server under the real server's address (NAT).</summary>
    public int Translated(in Frame incoming, ref Packet packet, in InetAddress real, ushort realPort, int mss)
    {
        ref readonly var path = ref _paths.Find(real);
        if (!IsUsable(path) || !HasHopsLeft(incoming, packet, packet.Destination))
            return 0;
        var fit = _transmitter.Measure(packet, incoming, path.Mtu, mss, out var segmentSize);
        if (!Passes(fit, incoming, packet, packet.Destination, path.Mtu))
            return 0;
        AddressRewriter.RewriteDestination(ref packet, real, realPort);
        AddressRewriter.DecrementHopLimit(ref packet);
        return Send(ref packet, path, fit, segmentSize);
    }

    /// <summary>Sends a real server's packet to a client under the virtual address.</summary>
    public int ToClient(in Frame incoming, ref Packet packet, in InetAddress virtualAddress, ushort virtualPort, int mss)
    {
        ref readonly var path = ref _paths.Find(packet.Destination);
        if (!IsUsable(path))
            return 0;
        // What comes from this host itself has not been forwarded yet.
        var isForwarded = _links[incoming.Link].HasEthernet;
        if (packet.HopLimit < (isForwarded ? 2 : 1))
        {
            _errors.Send(incoming, packet, SenderError.HopLimit, _paths.Find(packet.Source).Source);
            _counters.Increment(PacketCounter.DropHopLimit);
            return 0;
        }

        var fit = _transmitter.Measure(packet, incoming, path.Mtu, mss, out var segmentSize);
        if (fit is Fit.TooBig or Fit.UdpSuperframe)
        {
            var mtu = path.Mtu;
            return Passes(fit, incoming, packet, _paths.Find(packet.Source).Source, mtu) ? 1 : 0;
        }

        AddressRewriter.RewriteSource(ref packet, virtualAddress, virtualPort);
        if (isForwarded)
            AddressRewriter.DecrementHopLimit(ref packet);
        return Send(ref packet, path, fit, segmentSize);
    }

    /// <summary>Sends a packet of this host as it is; the TUN device that it came through may take longer ones than the way does.</summary>
    public int Unchanged(in Frame incoming, ref Packet packet, in Path path)
    {
        if (packet.HopLimit == 0)
        {
            _counters.Increment(PacketCounter.DropHopLimit);
            return 0;
        }

        var fit = _transmitter.Measure(packet, incoming, path.Mtu, 0, out var segmentSize);
        return Passes(fit, incoming, packet, packet.Destination, path.Mtu) ? Send(ref packet, path, fit, segmentSize) : 0;
    }

    /// <summary>Sends an ICMP error, whose quote is already rewritten, to the real server of a translated connection.</summary>
    public int ErrorToRealServer(in Frame incoming, ref Packet error, in InetAddress real, Destination? destination)
    {
        var isLocal = destination?.Method == ForwardingMethod.Local;
        if (isLocal && _links.ThisHost < 0)
            return 0;
        var path = isLocal ? ThisHost() : _paths.Find(real);
        if (!IsUsable(path) || (!isLocal && !HasHopsLeft(incoming, error, error.Destination)))
            return 0;
        real.Write(error.Network + (error.IsIPv6 ? 24 : 16));
        error.Destination = real;
        return SendError(ref error, path, isForwarded: !isLocal);
    }

    /// <summary>Sends an ICMP error, whose quote is already rewritten, to the client of a translated connection, from the virtual address.</summary>
    public int ErrorToClient(in Frame incoming, ref Packet error, in InetAddress virtualAddress)
    {
        ref readonly var path = ref _paths.Find(error.Destination);
        var isForwarded = _links[incoming.Link].HasEthernet;
        if (!IsUsable(path) || ((isForwarded || error.HopLimit == 0) && !HasHopsLeft(incoming, error, virtualAddress)))
            return 0;
        virtualAddress.Write(error.Network + (error.IsIPv6 ? 8 : 12));
        error.Source = virtualAddress;
        return SendError(ref error, path, isForwarded);
    }

    private int SendError(ref Packet error, in Path path, bool isForwarded)
    {
        if (error.IsIPv6)
        {
            error.Network[7] -= isForwarded ? (byte)1 : (byte)0;
        }
        else
        {
            error.Network[8] -= isForwarded ? (byte)1 : (byte)0;
            Wire.FinishIPv4Header(error.Network);
        }

        IcmpType.FinishChecksum(error);
        if (error.Length <= path.Mtu)
        {
            _transmitter.Send(ref error, path, 0);
            return 1;
        }

        // No error is sent about an error (RFC 1122 3.2.2, RFC 4443 2.4).
        if (error.DontFragment)
        {
            _counters.Increment(PacketCounter.DropTooBig);
            return 0;
        }

        _transmitter.SendFragments(error.Network, path);
        return 1;
    }

    private Path ThisHost() => new() { Link = _links.ThisHost, Kind = RouteKind.Local, Mtu = _links[_links.ThisHost].Mtu };

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int ToThisHost(in Frame incoming, ref Packet packet, in InetAddress real, ushort realPort)
    {
        if (_links.ThisHost < 0)
        {
            _counters.Increment(PacketCounter.DropNoLink);
            return 0;
        }

        var path = ThisHost();
        var fit = _transmitter.Measure(packet, incoming, path.Mtu, 0, out var segmentSize);
        if (!Passes(fit, incoming, packet, packet.Destination, path.Mtu))
            return 0;
        AddressRewriter.RewriteDestination(ref packet, real, realPort);
        return Send(ref packet, path, fit, segmentSize);
    }

    private int Direct(in Frame incoming, ref Packet packet, in InetAddress real, int mss)
    {
        ref readonly var path = ref _paths.Find(real);
        if (!IsUsable(path) || !HasHopsLeft(incoming, packet, packet.Destination))
            return 0;
        var fit = _transmitter.Measure(packet, incoming, path.Mtu, mss, out var segmentSize);
        if (!Passes(fit, incoming, packet, packet.Destination, path.Mtu))
            return 0;
        AddressRewriter.DecrementHopLimit(ref packet);
        return Send(ref packet, path, fit, segmentSize);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private int Tunnelled(in Frame incoming, ref Packet packet, Destination destination, ulong flowHash)
    {
        ref readonly var path = ref _paths.Find(destination.Address);
        if (!IsUsable(path) || !HasHopsLeft(incoming, packet, packet.Destination))
            return 0;
        var tunnel = destination.Tunnel;
        var mtu = path.Mtu - Encapsulation.Overhead(tunnel, destination.Address.IsIPv6);
        var fit = _transmitter.Measure(packet, incoming, mtu, 0, out var segmentSize);
        if (fit == Fit.TooBig && !PathMtuDiscovery && !packet.IsIPv6)
            fit = Fit.Fragment;
        if (!Passes(fit, incoming, packet, packet.Destination, mtu))
            return 0;
        AddressRewriter.DecrementHopLimit(ref packet);
        switch (fit)
        {
            case Fit.Superframe:
                var segmenter = new TcpSegmenter(packet, segmentSize);
                var segments = 0;
                for (var length = segmenter.NextLength; length > 0; length = segmenter.NextLength)
                {
                    var segment = segmenter.Write(_outbox.Rent(length));
                    Encapsulate(segment, tunnel, path, destination.Address, flowHash);
                    segments++;
                }

                _counters.Increment(PacketCounter.SegmentedSuperframes);
                return segments;

            case Fit.Fragment:
                AddressRewriter.FinishChecksum(ref packet);
                var fragmenter = new IPv4Fragmenter(packet.Network, mtu);
                for (var length = fragmenter.NextLength; length > 0; length = fragmenter.NextLength)
                {
                    var fragment = packet;
                    fragment.Network = _outbox.Rent(length);
                    fragment.Length = length;
                    fragmenter.Write(fragment.Network);
                    Encapsulate(fragment, tunnel, path, destination.Address, flowHash);
                }

                return 1;

            default:
                AddressRewriter.FinishChecksum(ref packet);
                Encapsulate(packet, tunnel, path, destination.Address, flowHash);
                return 1;
        }
    }

    private void Encapsulate(in Packet inner, in TunnelOptions tunnel, in Path path, in InetAddress real, ulong flowHash)
    {
        var dontFragment = PathMtuDiscovery && inner.DontFragment;
        var outer = Encapsulation.Write(inner, tunnel, path.Source, real, dontFragment, ++_identification, (uint)(flowHash >> 32));
        _transmitter.SendComplete(outer, inner.Length + (int)(inner.Network - outer), path);
    }

    private int Send(ref Packet packet, in Path path, Fit fit, int segmentSize)
    {
        if (fit == Fit.Fragment)
        {
            AddressRewriter.FinishChecksum(ref packet);
            _transmitter.SendFragments(packet.Network, path);
            return 1;
        }

        _transmitter.Send(ref packet, path, segmentSize);
        return segmentSize == 0 ? 1 : (packet.TransportLength - packet.TcpHeaderLength + segmentSize - 1) / segmentSize;
    }

    private bool IsUsable(in Path path)
    {
        if (path.Link >= 0)
            return true;
        _counters.Increment(path.Kind == RouteKind.Unicast ? PacketCounter.DropNoLink : PacketCounter.DropNoRoute);
        return false;
    }

    private bool HasHopsLeft(in Frame incoming, in Packet packet, in InetAddress reporter)
    {
        if (packet.HopLimit > 1)
            return true;
        _errors.Send(incoming, packet, SenderError.HopLimit, reporter);
        _counters.Increment(PacketCounter.DropHopLimit);
        return false;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool Passes(Fit fit, in Frame incoming, in Packet packet, in InetAddress reporter, int mtu)
    {
        switch (fit)
        {
            case Fit.TooBig:
                _errors.Send(incoming, packet, SenderError.TooBig, reporter, mtu);
                _counters.Increment(PacketCounter.DropTooBig);
                return false;
            case Fit.UdpSuperframe:
                _counters.Increment(PacketCounter.DropUdpSuperframe);
                return false;
            default:
                return true;
        }
    }
}
