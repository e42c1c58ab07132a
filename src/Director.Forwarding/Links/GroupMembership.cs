using System.Net;
using System.Net.Sockets;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Links;

/// <summary>
/// Keeps the host in the solicited-node groups of IPv6 addresses that are not its own (RFC 4291 section 2.7.1): without, a snooping switch brings no neighbour solicitation for a VIP, and a NIC
/// drops it. Not thread-safe.
/// </summary>
internal sealed class GroupMembership : IDisposable
{
    private readonly Dictionary<(IPAddress Group, int InterfaceIndex), Membership> _memberships = [];

    /// <summary>Joins the group of a VIP on an interface; again for each VIP of the same group.</summary>
    /// <exception cref="LinkException">The interface does not do IPv6.</exception>
    public void Join(InetAddress vip, int interfaceIndex)
    {
        var group = SolicitedNodeGroup(vip);
        if (_memberships.TryGetValue((group, interfaceIndex), out var membership))
        {
            membership.Vips++;
            return;
        }

        // A socket for each: how many one may join is bounded (net.core.optmem_max), and closing it leaves.
        var socket = new Socket(AddressFamily.InterNetworkV6, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(group, interfaceIndex));
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new LinkException($"cannot join {group} for {vip} on interface {interfaceIndex}: {error.Message}; IPv6 needs an interface that exists and an MTU of 1280 or more");
        }

        _memberships.Add((group, interfaceIndex), new Membership(socket) { Vips = 1 });
    }

    /// <summary>Leaves the group of a VIP that was joined, unless another VIP needs it.</summary>
    public void Leave(InetAddress vip, int interfaceIndex)
    {
        var key = (SolicitedNodeGroup(vip), interfaceIndex);
        if (_memberships.TryGetValue(key, out var membership) && --membership.Vips == 0)
        {
            membership.Socket.Dispose();
            _memberships.Remove(key);
        }
    }

    /// <summary>ff02::1:ff and the address's last three bytes.</summary>
    internal static IPAddress SolicitedNodeGroup(InetAddress address)
    {
        byte[] group = [0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, .. address.ToIPAddress().GetAddressBytes().AsSpan(^3)];
        return new IPAddress(group);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var membership in _memberships.Values)
        {
            membership.Socket.Dispose();
        }

        _memberships.Clear();
    }

    private sealed class Membership(Socket socket)
    {
        public Socket Socket { get; } = socket;

        public int Vips { get; set; }
    }
}
