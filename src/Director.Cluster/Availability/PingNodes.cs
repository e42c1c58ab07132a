using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Director.Cluster.Availability;

/// <summary>
/// Asks the ping nodes for echoes (RFC 792, RFC 4443) and knows which of them answer. By raw sockets of its own on the heartbeat thread: the framework's Ping needs its thread pool, which on a
/// host without a free core would make ping nodes look dead. Heartbeat thread only.
/// </summary>
internal sealed unsafe class PingNodes : IDisposable
{
    private readonly Action<string> _log;
    private Node[] _nodes = [];
    private long _interval, _timeout, _nextRound;

    /// <param name="log">Takes lines for the operator.</param>
    public PingNodes(Action<string> log) => _log = log;

    /// <summary>How many there are.</summary>
    public int Count => _nodes.Length;

    /// <summary>When the next round of requests is due.</summary>
    public long NextRound => _nodes.Length == 0 ? long.MaxValue : _nextRound;

    /// <summary>Asks these from now on; one that was asked before stays reached.</summary>
    public void Set(ImmutableArray<IPAddress> addresses, long interval, long timeout)
    {
        _interval = interval;
        _timeout = timeout;
        foreach (var gone in _nodes.Where(node => !addresses.Contains(node.Address)))
            gone.Dispose();
        _nodes = [.. addresses.Select(address => _nodes.FirstOrDefault(node => node.Address.Equals(address)) ?? new Node(address))];
        _nextRound = long.MinValue;
    }

    /// <summary>The socket of a node for poll(2); negative while it has none.</summary>
    public int Descriptor(int node) => _nodes[node].Descriptor;

    /// <summary>Takes a node's answers.</summary>
    public void Receive(int node, long now)
    {
        if (_nodes[node].TakeEcho())
            _nodes[node].LastEcho = now;
    }

    /// <summary>Sends requests when they are due, and counts who answers.</summary>
    /// <returns>How many answer.</returns>
    public int Round(long now)
    {
        var isDue = now >= _nextRound;
        if (isDue)
            _nextRound = now + _interval;
        var reached = 0;
        foreach (var node in _nodes)
        {
            if (isDue)
                node.Ask();
            var isReached = node.LastEcho != long.MinValue && now - node.LastEcho < _timeout;
            node.AskedSince ??= now;
            if (isReached != node.IsReached)
                _log(isReached ? $"ping node {node.Address} is reached" : $"warning: ping node {node.Address} is not reached: no answer for {now - node.LastEcho} ms");
            else if (!isReached && !node.IsTold && now - node.AskedSince >= _timeout)
                _log($"warning: ping node {node.Address} is not reached: it has never answered");
            node.IsTold |= isReached || now - node.AskedSince >= _timeout;
            node.IsReached = isReached;
            reached += isReached ? 1 : 0;
        }

        return reached;
    }

    /// <summary>Nothing could be heard for a while: that is no node's fault.</summary>
    public void Forgive(long gap)
    {
        foreach (var node in _nodes)
            node.LastEcho += node.LastEcho == long.MinValue ? 0 : gap;
        _nextRound = long.MinValue;
    }

    /// <summary>Whether a node answers; null while that is not known yet, or the node is not asked.</summary>
    public bool? IsReached(IPAddress address)
    {
        foreach (var node in _nodes)
        {
            if (node.Address.Equals(address))
                return node.IsReached || node.IsTold ? node.IsReached : null;
        }

        return null;
    }

    /// <summary>Which answer.</summary>
    public ImmutableArray<(IPAddress Address, bool IsReached)> States() => [.. _nodes.Select(node => (node.Address, node.IsReached))];

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var node in _nodes)
            node.Dispose();
    }

    private sealed class Node(IPAddress address) : IDisposable
    {
        private const int Icmp = 1, IcmpV6 = 58, DontWait = 0x40;
        private const byte EchoRequest = 8, EchoReply = 0, EchoRequestV6 = 128, EchoReplyV6 = 129;
        private const int NonceBytes = 8, HeaderBytes = 8, IPv4HeaderBytes = 20;

        // What nobody who has not seen the request can answer.
        private readonly byte[] _nonce = RandomNumberGenerator.GetBytes(NonceBytes);
        private readonly byte[] _address = Bytes(address);
        private ushort _sequence;

        public IPAddress Address { get; } = address;

        public int Descriptor { get; private set; } = -1;

        public long LastEcho { get; set; } = long.MinValue;

        public bool IsReached { get; set; }

        public long? AskedSince { get; set; }

        public bool IsTold { get; set; }

        private bool IsIPv6 => Address.AddressFamily == AddressFamily.InterNetworkV6;

        public void Ask()
        {
            Span<byte> request = stackalloc byte[HeaderBytes + NonceBytes];
            request.Clear();
            request[0] = IsIPv6 ? EchoRequestV6 : EchoRequest;
            _nonce.AsSpan(0, 2).CopyTo(request[4..]);
            BinaryPrimitives.WriteUInt16BigEndian(request[6..], ++_sequence);
            _nonce.CopyTo(request[HeaderBytes..]);
            // The kernel makes ICMPv6 checksums itself.
            if (!IsIPv6)
                BinaryPrimitives.WriteUInt16BigEndian(request[2..], Checksum(request));
            fixed (byte* bytes = request)
            {
                if (!TryOpen() || SystemCalls.sendto(Descriptor, bytes, (nuint)request.Length, DontWait, null, 0) < 0)
                    Dispose();
            }
        }

        /// <summary>Whether our echo is among what came.</summary>
        public bool TakeEcho()
        {
            const int Enough = 128;
            Span<byte> buffer = stackalloc byte[Enough];
            var found = false;
            while (true)
            {
                nint length;
                fixed (byte* bytes = buffer)
                    length = SystemCalls.recvfrom(Descriptor, bytes, Enough, DontWait, null, null);
                if (length < 0)
                    return found;
                var message = buffer[..(int)length];
                if (!IsIPv6)
                {
                    var header = length < IPv4HeaderBytes ? 0 : (message[0] & 15) * 4;
                    if (header < IPv4HeaderBytes || header > length)
                        continue;
                    message = message[header..];
                }

                found |= message.Length >= HeaderBytes + NonceBytes && message[0] == (IsIPv6 ? EchoReplyV6 : EchoReply) && message.Slice(HeaderBytes, NonceBytes).SequenceEqual(_nonce);
            }
        }

        public void Dispose()
        {
            if (Descriptor >= 0)
                _ = SystemCalls.close(Descriptor);
            Descriptor = -1;
        }

        /// <summary>Connected, so that it gets only what this node sends; opened anew after an error, as when there was no route.</summary>
        private bool TryOpen()
        {
            if (Descriptor >= 0)
                return true;
            Descriptor = SystemCalls.socket(
                IsIPv6 ? SystemCalls.IPv6Family : SystemCalls.IPv4Family, SystemCalls.RawSocket | SystemCalls.CloseOnExec | SystemCalls.NonBlocking, IsIPv6 ? IcmpV6 : Icmp);
            fixed (byte* to = _address)
                return Descriptor >= 0 && SystemCalls.connect(Descriptor, to, _address.Length) == 0;
        }

        private static byte[] Bytes(IPAddress address)
        {
            var bytes = new IPEndPoint(address, 0).Serialize();
            return bytes.Buffer[..bytes.Size].ToArray();
        }

        // RFC 1071.
        private static ushort Checksum(ReadOnlySpan<byte> message)
        {
            var sum = 0;
            for (var i = 0; i < message.Length; i += 2)
                sum += BinaryPrimitives.ReadUInt16BigEndian(message[i..]);
            while (sum > 0xFFFF)
                sum = (sum & 0xFFFF) + (sum >> 16);
            return (ushort)~sum;
        }
    }
}
