using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Director.Cluster.Availability;

/// <summary>Heartbeats by UDP: to a multicast group on an interface, or to peers one by one.</summary>
internal sealed unsafe class UdpSocket : HeartbeatSocket
{
    private const int BindToDevice = 25, ReuseAddress = 2;
    private const int HopLimit = 1;

    private readonly Socket _socket;
    private readonly string _interface;
    private readonly int _index;
    private volatile byte[][] _to;
    private IPAddress? _lastFrom;
    private ulong _lastFromHigh, _lastFromLow;

    private UdpSocket(Socket socket, string @interface, int index, byte[][] to)
        : base((int)socket.Handle)
    {
        _socket = socket;
        _interface = @interface;
        _index = index;
        _to = to;
    }

    /// <inheritdoc/>
    public override bool IsCurrent => _interface.Length == 0 || SystemCalls.if_nametoindex(_interface) == _index;

    /// <summary>Opens a way to a group.</summary>
    /// <exception cref="HeartbeatLinkException">There is no such interface, or the port is taken.</exception>
    public static UdpSocket OpenMulticast(string @interface, IPAddress group, int port)
    {
        var socket = Open(group, @interface, port, isShared: true, out var index);
        return Guard(socket, @interface, () =>
        {
            if (group.AddressFamily == AddressFamily.InterNetwork)
            {
                // An ip_mreqn: by the interface's number, since the interface may have no address.
                Span<int> membership = [MemoryMarshal.Read<int>(group.GetAddressBytes()), 0, index];
                const int AddMembership = 35, MulticastInterface = 32;
                socket.SetRawSocketOption(0, AddMembership, MemoryMarshal.AsBytes(membership));
                socket.SetRawSocketOption(0, MulticastInterface, MemoryMarshal.AsBytes(membership));
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastTimeToLive, HopLimit);
                socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastLoopback, false);
            }
            else
            {
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(group, index));
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastInterface, index);
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastTimeToLive, HopLimit);
                socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.MulticastLoopback, false);
            }

            return new UdpSocket(socket, @interface, index, [Bytes(group, port)]);
        });
    }

    /// <summary>Opens a way to peers, who may be said later.</summary>
    /// <param name="interface">Where to; empty: as the routing table says.</param>
    /// <param name="family">IPv4 or IPv6.</param>
    /// <param name="port">Own and peers'.</param>
    /// <param name="isShared">Whether a multicast link has the same port.</param>
    /// <exception cref="HeartbeatLinkException">There is no such interface, or the port is taken.</exception>
    public static UdpSocket OpenUnicast(string @interface, AddressFamily family, int port, bool isShared)
    {
        var socket = Open(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, @interface, port, isShared, out var index);
        return new UdpSocket(socket, @interface, index, []);
    }

    /// <summary>Says whom to send to. Any thread.</summary>
    public void SetPeers(IEnumerable<IPAddress> peers, int port) => _to = [.. peers.Select(peer => Bytes(peer, port))];

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> datagram)
    {
        foreach (var to in _to)
            SendTo(datagram, to);
    }

    /// <inheritdoc/>
    public override void Dispose() => _socket.Dispose();

    /// <inheritdoc/>
    protected override IPAddress? Source(ReadOnlySpan<byte> address)
    {
        // sockaddr_in has its address at 4, sockaddr_in6 at 8. Most datagrams come from whom the last one came from: no object for each.
        var isIPv6 = MemoryMarshal.Read<ushort>(address) == SystemCalls.IPv6Family;
        var bytes = isIPv6 ? address.Slice(8, 16) : address.Slice(4, 4);
        var high = isIPv6 ? MemoryMarshal.Read<ulong>(bytes) : MemoryMarshal.Read<uint>(bytes);
        var low = isIPv6 ? MemoryMarshal.Read<ulong>(bytes[8..]) : 0;
        if (_lastFrom is null || high != _lastFromHigh || low != _lastFromLow)
            (_lastFrom, _lastFromHigh, _lastFromLow) = (new IPAddress(bytes), high, low);
        return _lastFrom;
    }

    private static Socket Open(IPAddress address, string @interface, int port, bool isShared, out int index)
    {
        index = @interface.Length == 0 ? 0 : (int)SystemCalls.if_nametoindex(@interface);
        if (index == 0 && @interface.Length > 0)
            throw new HeartbeatLinkException($"there is no interface '{@interface}'");
        var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        return Guard(socket, @interface, () =>
        {
            if (isShared)
                socket.SetRawSocketOption(SystemCalls.SocketLevel, ReuseAddress, BitConverter.GetBytes(1));
            if (@interface.Length > 0)
                socket.SetRawSocketOption(SystemCalls.SocketLevel, BindToDevice, [.. System.Text.Encoding.UTF8.GetBytes(@interface), 0]);
            if (address.AddressFamily == AddressFamily.InterNetworkV6)
                socket.DualMode = false;
            socket.Bind(new IPEndPoint(address, port));
            return socket;
        });
    }

    private static T Guard<T>(Socket socket, string @interface, Func<T> open)
    {
        try
        {
            return open();
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new HeartbeatLinkException($"cannot take heartbeats by UDP{(@interface.Length == 0 ? "" : $" on {@interface}")}: {error.Message}");
        }
    }

    private static byte[] Bytes(IPAddress address, int port)
    {
        var bytes = new IPEndPoint(address, port).Serialize();
        return bytes.Buffer[..bytes.Size].ToArray();
    }
}
