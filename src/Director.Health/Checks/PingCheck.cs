using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Director.Health.Checks;

/// <summary>Whether an echo request is answered (ldirectord's <c>ping</c>, keepalived's <c>PING_CHECK</c>; RFC 792, 4443).</summary>
public sealed record PingCheck(CheckTarget Target) : HealthCheck(Target)
{
    private const int HeaderLength = 8;
    private const int NonceLength = 16;
    private const byte EchoRequest = 8, EchoReply = 0, EchoRequestV6 = 128, EchoReplyV6 = 129;

    /// <inheritdoc/>
    public override string Type => "ping";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        var isV6 = Target.Address.AddressFamily == AddressFamily.InterNetworkV6;
        using var socket = Open(isV6);
        TcpConnection.Bind(socket, Target);
        // Connected, a raw socket is given what comes from this address alone.
        await socket.ConnectAsync(new IPEndPoint(Target.Address, 0), cancellation).ConfigureAwait(false);
        var request = new byte[HeaderLength + NonceLength];
        request[0] = isV6 ? EchoRequestV6 : EchoRequest;
        RandomNumberGenerator.Fill(request.AsSpan(4));
        BinaryPrimitives.WriteUInt16BigEndian(request.AsSpan(2), isV6 ? (ushort)0 : InternetChecksum.Of(request));
        await socket.SendAsync(request, cancellation).ConfigureAwait(false);

        var buffer = new byte[2048];
        while (true)
        {
            var read = await socket.ReceiveAsync(buffer, cancellation).ConfigureAwait(false);
            if (IsReply(buffer.AsSpan(0, read), isV6, socket.SocketType == SocketType.Raw, request.AsSpan(HeaderLength)))
            {
                return CheckAnswer.Pass("answered");
            }
        }
    }

    /// <summary>Whether what came is the answer to our request. The kernel may have changed its identifier; the nonce is ours.</summary>
    internal static bool IsReply(ReadOnlySpan<byte> packet, bool isV6, bool isRaw, ReadOnlySpan<byte> nonce)
    {
        // A raw IPv4 socket has the IP header too (raw(7)).
        var header = isRaw && !isV6 && packet.Length > 0 ? (packet[0] & 0xf) * 4 : 0;
        return packet.Length >= header + HeaderLength + nonce.Length && packet[header] == (isV6 ? EchoReplyV6 : EchoReply)
            && packet[(header + HeaderLength)..].StartsWith(nonce);
    }

    /// <summary>The kernel sorts the answers where it lets us (net.ipv4.ping_group_range), and all of them come where not.</summary>
    private static Socket Open(bool isV6)
    {
        var (family, protocol) = isV6 ? (AddressFamily.InterNetworkV6, ProtocolType.IcmpV6) : (AddressFamily.InterNetwork, ProtocolType.Icmp);
        try
        {
            return new(family, SocketType.Dgram, protocol);
        }
        catch (SocketException failure) when (failure.SocketErrorCode is SocketError.AccessDenied or SocketError.ProtocolNotSupported)
        {
            try
            {
                return new(family, SocketType.Raw, protocol);
            }
            catch (SocketException refusal) when (refusal.SocketErrorCode == SocketError.AccessDenied)
            {
                throw new InvalidOperationException("this director may not send echo requests: it needs CAP_NET_RAW, or its group in net.ipv4.ping_group_range", refusal);
            }
        }
    }
}
