using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Director.Decapsulate;

/// <summary>Takes encapsulated packets of one kind and writes what is in them to the device, on a thread of its own.</summary>
internal sealed class TunnelSocket : IDisposable
{
    // Room for the virtio-net header before an inner packet that begins the buffer.
    private const int Headroom = 16;
    private const int LargestPacket = 65_535 + 8;
    private const int ReceiveBufferBytes = 8 << 20;
    private const int StopMicroseconds = 100_000;

    private readonly Socket _socket;
    private readonly Encapsulation _encapsulation;
    private readonly TunDevice _device;
    private readonly int _mtu;
    private readonly byte[][] _vips;
    private readonly byte[][] _directors;
    private readonly byte[] _buffer = new byte[Headroom + LargestPacket];
    private readonly SocketAddress _from;
    private readonly long[] _counts = new long[Enum.GetValues<Verdict>().Length];
    private readonly Thread _thread;
    private volatile bool _isStopping;

    /// <summary>Opens the socket in the network namespace of the calling thread.</summary>
    /// <param name="family">Family of the outer header.</param>
    /// <param name="protocol">IP protocol of the outer header; for GUE, 17.</param>
    /// <param name="encapsulation">What follows it.</param>
    /// <param name="options">What to take.</param>
    /// <param name="device">Where it goes.</param>
    /// <param name="mtu">MTU of the device in bytes.</param>
    /// <exception cref="OperatorException">The socket cannot be opened.</exception>
    public TunnelSocket(AddressFamily family, byte protocol, Encapsulation encapsulation, DecapsulateOptions options, TunDevice device, int mtu)
    {
        (_encapsulation, _device, _mtu) = (encapsulation, device, mtu);
        _vips = [.. options.Vips.Select(vip => vip.GetAddressBytes())];
        _directors = [.. options.Directors.Select(director => director.GetAddressBytes())];
        _from = new SocketAddress(family);
        try
        {
            var isUdp = encapsulation == Encapsulation.Gue;
            _socket = isUdp ? new Socket(family, SocketType.Dgram, ProtocolType.Udp) : RawSocket.Open(family, protocol);
            _socket.ReceiveBufferSize = ReceiveBufferBytes;
            if (family == AddressFamily.InterNetworkV6 && isUdp)
                _socket.DualMode = false;
            _socket.Bind(new IPEndPoint(family == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, isUdp ? options.GuePort : 0));
        }
        catch (SocketException e)
        {
            _socket?.Dispose();
            throw new OperatorException($"Packets of IP protocol {protocol} cannot be taken: {e.Message} (needs CAP_NET_RAW).");
        }
        _thread = new Thread(Run) { IsBackground = true, Name = $"decapsulate {protocol}" };
    }

    /// <summary>Begins.</summary>
    public void Start() => _thread.Start();

    /// <summary>Packets by what became of them.</summary>
    public long Count(Verdict verdict) => Volatile.Read(ref _counts[(int)verdict]);

    /// <inheritdoc/>
    public void Dispose()
    {
        _isStopping = true;
        if (_thread.IsAlive)
            _thread.Join();
        _socket.Dispose();
    }

    private void Run()
    {
        while (!_isStopping)
        {
            try
            {
                if (!_socket.Poll(StopMicroseconds, SelectMode.SelectRead))
                    continue;
                var length = _socket.ReceiveFrom(_buffer.AsSpan(Headroom), SocketFlags.None, _from);
                _counts[(int)Deliver(length)]++;
            }
            catch (SocketException)
            {
                // An ICMP error about something we never sent, or a datagram longer than any packet: the next one.
            }
        }
    }

    private Verdict Deliver(int length)
    {
        if (_directors.Length > 0 && !IsFromDirector())
            return Verdict.NotFromDirector;
        var packet = _buffer.AsSpan(Headroom, length);
        Range payload = ..;
        // Only raw IPv4 sockets deliver the outer header.
        if (_from.Family == AddressFamily.InterNetwork && _encapsulation != Encapsulation.Gue)
        {
            if (TunnelPacket.IPv4Payload(packet) is not { } behindHeader)
                return Verdict.Malformed;
            payload = behindHeader;
        }
        var verdict = TunnelPacket.Find(packet[payload], _encapsulation, _vips, out var inner);
        if (verdict != Verdict.Delivered)
            return verdict;

        var start = Headroom + payload.GetOffsetAndLength(length).Offset + inner.Start.Value;
        var innerLength = inner.End.Value - inner.Start.Value;
        var header = TunnelPacket.Offload(_buffer.AsSpan(start, innerLength), _mtu);
        MemoryMarshal.Write(_buffer.AsSpan(start - VirtioHeader.Length), in header);
        return _device.TryWrite(_buffer.AsSpan(start - VirtioHeader.Length, VirtioHeader.Length + innerLength)) ? Verdict.Delivered : Verdict.Refused;
    }

    private bool IsFromDirector()
    {
        // struct sockaddr_in and sockaddr_in6: the address lies behind family and port, in IPv6 also behind the flow label.
        var address = _from.Family == AddressFamily.InterNetwork ? _from.Buffer.Span.Slice(4, 4) : _from.Buffer.Span.Slice(8, 16);
        foreach (var director in _directors)
        {
            if (address.SequenceEqual(director))
                return true;
        }
        return false;
    }
}
