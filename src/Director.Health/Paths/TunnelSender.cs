using System.Buffers.Binary;
using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Director.Health.Paths;

/// <summary>Sends packets through a tunnel to one real server. The kernel writes the outer IP header.</summary>
internal sealed partial class TunnelSender : IDisposable
{
    /// <summary>Bytes that a tunnel puts between its IP header and the packet, at most.</summary>
    public const int LongestHeader = 8;

    private const byte IPv4InIP = 4, IPv6InIP = 41, Gre = 47;

    private readonly Tunnel _tunnel;
    private readonly bool _isInnerIPv6;
    private readonly Socket _socket;

    /// <summary>Opens the way.</summary>
    /// <param name="server">The real server.</param>
    /// <param name="tunnel">The tunnel.</param>
    /// <param name="isInnerIPv6">The family of the packets.</param>
    /// <exception cref="InvalidOperationException">It cannot be opened: the message says why.</exception>
    public TunnelSender(IPAddress server, Tunnel tunnel, bool isInnerIPv6)
    {
        (_tunnel, _isInnerIPv6) = (tunnel, isInnerIPv6);
        try
        {
            _socket = tunnel.Header == TunnelHeader.Gue
                ? new Socket(server.AddressFamily, SocketType.Dgram, ProtocolType.Udp)
                : Raw(server.AddressFamily, tunnel.Header == TunnelHeader.Gre ? Gre : isInnerIPv6 ? IPv6InIP : IPv4InIP);
            _socket.Connect(server, tunnel.Port);
        }
        catch (Exception failure) when (failure is SocketException or Win32Exception)
        {
            _socket?.Dispose();
            throw new InvalidOperationException($"there is no tunnel to {server}: {failure.Message}", failure);
        }
    }

    /// <summary>Writes what the tunnel puts before a packet, behind the outer IP or UDP header.</summary>
    /// <param name="tunnel">The tunnel.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="isIPv6">Its family.</param>
    /// <param name="header">Where to, <see cref="LongestHeader"/> bytes.</param>
    /// <returns>Bytes written.</returns>
    internal static int WriteHeader(Tunnel tunnel, ReadOnlySpan<byte> packet, bool isIPv6, Span<byte> header)
    {
        switch (tunnel.Header)
        {
            case TunnelHeader.Gue:
                BinaryPrimitives.WriteUInt32BigEndian(header, (uint)(isIPv6 ? IPv6InIP : IPv4InIP) << 16);
                return 4;
            case TunnelHeader.Gre:
                BinaryPrimitives.WriteUInt16BigEndian(header, tunnel.HasChecksum ? (ushort)0x8000 : (ushort)0);
                BinaryPrimitives.WriteUInt16BigEndian(header[2..], isIPv6 ? (ushort)0x86DD : (ushort)0x0800);
                if (!tunnel.HasChecksum)
                {
                    return 4;
                }

                header[4..8].Clear();
                BinaryPrimitives.WriteUInt16BigEndian(header[4..], InternetChecksum.Of(header[..8], packet));
                return 8;
            default:
                return 0;
        }
    }

    /// <summary>Sends a packet; one that cannot be sent is lost, as packets are.</summary>
    public void Send(ReadOnlySpan<byte> packet)
    {
        Span<byte> bytes = new byte[LongestHeader + packet.Length];
        var header = WriteHeader(_tunnel, packet, _isInnerIPv6, bytes);
        packet.CopyTo(bytes[header..]);
        try
        {
            _socket.Send(bytes[..(header + packet.Length)]);
        }
        catch (SocketException)
        {
            // The check finds out: it gets no answer.
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    // .NET opens raw sockets of the protocols alone that it has names for.
    private static Socket Raw(AddressFamily family, int protocol)
    {
        const int INet = 2, INet6 = 10, RawType = 3, CloseOnExec = 0x80000; // <bits/socket.h>
        var descriptor = socket(family == AddressFamily.InterNetworkV6 ? INet6 : INet, RawType | CloseOnExec, protocol);
        return descriptor < 0
            ? throw new Win32Exception(Marshal.GetLastPInvokeError())
            : new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint socket(int domain, int type, int protocol);
}
