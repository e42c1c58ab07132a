using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text;
using Director.Forwarding.Links;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>Sockets set up as the kernel's daemons set up theirs (<c>make_send_sock()</c>, <c>make_receive_sock()</c> of <c>ip_vs_sync.c</c>): bound to one interface, deaf to themselves.</summary>
internal static class IpvsSocket
{
    // <asm/socket.h>, <linux/in.h>.
    private const int BindToDevice = 25;
    private const int IPLevel = 0;
    private const int MtuDiscover = 10;
    private const int DoNotDiscover = 0;

    private const int IPv4Headers = 20 + 8;
    private const int IPv6Headers = 40 + 8;
    private const int LargestMtu = 65_535;
    private const int UsualMtu = 1500;
    private const int SendTimeoutMilliseconds = 500;

    /// <summary>What a daemon's largest datagram is where it does not say.</summary>
    /// <param name="daemon">The daemon.</param>
    /// <param name="mtu">MTU of its interface.</param>
    public static int MaximumLength(IpvsDaemonOptions daemon, int mtu)
    {
        var headers = IsIPv6(daemon) ? IPv6Headers : IPv4Headers;
        if (daemon.MaximumLength > 0)
            return Math.Clamp(daemon.MaximumLength, daemon.Role == IpvsRole.Backup ? 1024 : 1, LargestMtu - headers);
        return (daemon.Role == IpvsRole.Backup ? Math.Clamp(mtu, UsualMtu, LargestMtu) : UsualMtu) - headers;
    }

    /// <summary>A daemon's socket.</summary>
    /// <param name="daemon">The daemon.</param>
    /// <param name="index">Number of its interface.</param>
    /// <exception cref="SocketException">It cannot be had, as where the interface has no address of the group's family.</exception>
    public static Socket Open(IpvsDaemonOptions daemon, int index)
    {
        var socket = new Socket(daemon.Group.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.SetRawSocketOption(Libc.SocketLevel, BindToDevice, [.. Encoding.UTF8.GetBytes(daemon.Interface), 0]);
            if (daemon.Role == IpvsRole.Master)
                Aim(socket, daemon, index);
            else
                Listen(socket, daemon, index);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static void Aim(Socket socket, IpvsDaemonOptions daemon, int index)
    {
        var level = IsIPv6(daemon) ? SocketOptionLevel.IPv6 : SocketOptionLevel.IP;
        socket.SetSocketOption(level, SocketOptionName.MulticastInterface, IsIPv6(daemon) ? index : IPAddress.HostToNetworkOrder(index));
        socket.SetSocketOption(level, SocketOptionName.MulticastLoopback, false);
        socket.SetSocketOption(level, SocketOptionName.MulticastTimeToLive, daemon.Ttl);
        socket.SendTimeout = SendTimeoutMilliseconds;
        if (!IsIPv6(daemon))
            socket.SetRawSocketOption(IPLevel, MtuDiscover, BitConverter.GetBytes(DoNotDiscover));
        socket.Bind(new IPEndPoint(AddressOf(daemon), 0));
        socket.Connect(EndPoint(daemon, index));
    }

    private static void Listen(Socket socket, IpvsDaemonOptions daemon, int index)
    {
        socket.Blocking = false;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        ReceiveBuffer.Enlarge(socket);

        // To the group's address: what is sent to this host alone is not for the daemon.
        socket.Bind(EndPoint(daemon, index));
        if (IsIPv6(daemon))
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(daemon.Group, index));
        else
            socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.AddMembership, new MulticastOption(daemon.Group, index));
    }

    private static IPEndPoint EndPoint(IpvsDaemonOptions daemon, int index) =>
        new(IsIPv6(daemon) ? new IPAddress(daemon.Group.GetAddressBytes(), index) : daemon.Group, daemon.Port);

    private static IPAddress AddressOf(IpvsDaemonOptions daemon) => NetworkInterface.GetAllNetworkInterfaces()
        .Where(nic => nic.Name == daemon.Interface)
        .SelectMany(nic => nic.GetIPProperties().UnicastAddresses)
        .FirstOrDefault(address => address.Address.AddressFamily == daemon.Group.AddressFamily)?.Address ?? throw new SocketException((int)SocketError.AddressNotAvailable);

    private static bool IsIPv6(IpvsDaemonOptions daemon) => daemon.Group.AddressFamily == AddressFamily.InterNetworkV6;
}
