using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Director.Ipvsadm;

/// <summary>The system's names: /etc/hosts, DNS and /etc/services, as nsswitch.conf orders them.</summary>
internal sealed partial class SystemNames : INames
{
    private readonly Dictionary<IPAddress, string?> _hosts = [];

    public IPAddress? AddressOf(string host)
    {
        // An empty name would be this host.
        if (host.Length == 0)
            return null;
        try
        {
            return Dns.GetHostAddresses(host, AddressFamily.InterNetwork).FirstOrDefault();
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            return null;
        }
    }

    public string? HostAt(IPAddress address)
    {
        // A list names the same hosts again and again, and each look-up may wait for a name server.
        if (!_hosts.TryGetValue(address, out string? name))
            _hosts[address] = name = LookUp(address);
        return name;
    }

    public ushort? PortOf(string service, byte protocol)
    {
        nint entry = ProtocolName(protocol) is { } name ? GetServiceByName(service, name) : 0;
        return entry == 0 ? null : NetworkToHost(Marshal.ReadInt32(entry, PortOffset));
    }

    public string? ServiceAt(ushort port, byte protocol)
    {
        nint entry = ProtocolName(protocol) is { } name ? GetServiceByPort(NetworkToHost(port), name) : 0;
        return entry == 0 ? null : Marshal.PtrToStringUTF8(Marshal.ReadIntPtr(entry));
    }

    private static string? LookUp(IPAddress address)
    {
        try
        {
            return Dns.GetHostEntry(address).HostName;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static string? ProtocolName(byte protocol) => protocol switch
    {
        6 => "tcp",
        17 => "udp",
        132 => "sctp",
        _ => null,
    };

    // struct servent { char *s_name; char **s_aliases; int s_port; char *s_proto; }, the port in network order.
    private static int PortOffset => 2 * nint.Size;

    private static ushort NetworkToHost(int port) => (ushort)IPAddress.NetworkToHostOrder((short)port);

    [LibraryImport("libc", EntryPoint = "getservbyname", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetServiceByName(string name, string protocol);

    [LibraryImport("libc", EntryPoint = "getservbyport", StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint GetServiceByPort(int port, string protocol);
}
