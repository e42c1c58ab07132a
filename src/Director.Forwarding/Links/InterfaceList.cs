using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Director.Forwarding.Routing;

namespace Director.Forwarding.Links;

/// <summary>The network interfaces of the calling thread's network namespace, read over rtnetlink(7).</summary>
internal static class InterfaceList
{
    private const int ReceiveBufferBytes = 1 << 20, MessageBytes = 64 * 1024;
    private const int WaitMilliseconds = 1000, Attempts = 5;

    private const ushort NewLink = 16, GetLink = 18, RequestDump = 0x301;
    private const int LinkMessageBytes = 16;
    private const ushort EthernetHardware = 1;
    private const uint UpFlag = 0x1, LoopbackFlag = 0x8;
    private const int AddressAttribute = 1, NameAttribute = 3, MtuAttribute = 4, LinkInfoAttribute = 18, KindAttribute = 1, SlaveKindAttribute = 4;

    /// <summary>The interfaces to take packets from.</summary>
    /// <param name="all">What there is.</param>
    /// <param name="names">Those that the operator names; empty for every Ethernet interface that is up, is not a loopback, a TUN or TAP device, a bridge port or a bond member.</param>
    /// <exception cref="LinkException">A named one does not exist, is not Ethernet or is down; or there is none.</exception>
    public static IReadOnlyList<InterfaceInfo> Choose(IReadOnlyList<InterfaceInfo> all, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
        {
            return [.. names.Distinct().Select(name => Require(all, name))];
        }

        // A VRF's members stay: it is a routing table, not a switch.
        InterfaceInfo[] chosen = [.. all.Where(found => found is { IsUp: true, IsEthernet: true, IsLoopback: false, IsEnslaved: false } && found.DeviceKind is not ("tun" or "dummy" or "ifb" or "vrf"))];
        return chosen.Length > 0 ? chosen : throw new LinkException($"there is no interface to take packets from: {Describe(all)}; set one up, or name it in 'interfaces'");
    }

    /// <summary>One interface, or null when there is none of that name.</summary>
    public static InterfaceInfo? Find(string name) => Read().FirstOrDefault(found => found.Name == name);

    /// <summary>All interfaces, in the kernel's order.</summary>
    /// <exception cref="LinkException">The kernel does not answer.</exception>
    public static IReadOnlyList<InterfaceInfo> Read()
    {
        try
        {
            using var socket = new NetlinkSocket(NetlinkSocket.RouteProtocol, groups: 0, ReceiveBufferBytes);
            for (var attempt = 1; attempt <= Attempts; attempt++)
            {
                if (TryDump(socket, (uint)attempt) is { } found)
                {
                    return found;
                }
            }
        }
        catch (Win32Exception error)
        {
            throw new LinkException($"cannot list the network interfaces: {error.Message}");
        }

        throw new LinkException("cannot list the network interfaces: the kernel gives no whole answer to RTM_GETLINK");
    }

    private static InterfaceInfo Require(IReadOnlyList<InterfaceInfo> all, string name)
    {
        var found = all.FirstOrDefault(candidate => candidate.Name == name);
        return found switch
        {
            null when Nearest(all, name) is { } nearest => throw new LinkException($"there is no interface '{name}'; did you mean '{nearest}'? {Describe(all)}"),
            null => throw new LinkException($"there is no interface '{name}': {Describe(all)}"),
            { IsEthernet: false } => throw new LinkException($"interface '{name}' is not an Ethernet interface: packets cannot be taken from it"),
            { IsUp: false } => throw new LinkException($"interface '{name}' is down: 'ip link set {name} up'"),
            { IsEnslaved: true } => throw new LinkException($"interface '{name}' is a port of a bridge or a member of a bond: name that instead"),
            _ => found,
        };
    }

    private static string Describe(IReadOnlyList<InterfaceInfo> all) => $"this host has {string.Join(", ", all.Select(found => found.IsUp ? found.Name : found.Name + " (down)"))}";

    private static string? Nearest(IReadOnlyList<InterfaceInfo> all, string name)
    {
        const int MostEdits = 3;
        return all.Select(found => (found.Name, Edits: Edits(found.Name, name)))
            .Where(candidate => candidate.Edits <= Math.Min(MostEdits, name.Length - 1))
            .OrderBy(candidate => candidate.Edits)
            .Select(candidate => candidate.Name)
            .FirstOrDefault();
    }

    // Levenshtein's distance.
    private static int Edits(string from, string to)
    {
        var row = Enumerable.Range(0, to.Length + 1).ToArray();
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var above = row[j];
                row[j] = Math.Min(Math.Min(above, row[j - 1]) + 1, diagonal + (from[i - 1] == to[j - 1] ? 0 : 1));
                diagonal = above;
            }
        }

        return row[to.Length];
    }

    // Null when the kernel left something out.
    private static List<InterfaceInfo>? TryDump(NetlinkSocket socket, uint sequence)
    {
        Span<byte> request = stackalloc byte[NetlinkMessage.HeaderLength + LinkMessageBytes];
        request.Clear();
        BitConverter.TryWriteBytes(request, request.Length);
        BitConverter.TryWriteBytes(request[4..], GetLink);
        BitConverter.TryWriteBytes(request[6..], RequestDump);
        BitConverter.TryWriteBytes(request[8..], sequence);
        socket.Send(request);

        var found = new List<InterfaceInfo>();
        var buffer = new byte[MessageBytes];
        while (true)
        {
            NetlinkSocket.Wait([socket.Descriptor], WaitMilliseconds);
            if (!socket.TryReceive(buffer, out var length) || length == 0)
            {
                return null;
            }

            ReadOnlySpan<byte> rest = buffer.AsSpan(0, length);
            while (NetlinkMessage.TryTake(ref rest, out var message))
            {
                if (message.Sequence != sequence)
                {
                    continue;
                }

                if ((message.Flags & NetlinkMessage.InterruptedFlag) != 0 || message.Type == NetlinkMessage.ErrorType)
                {
                    return null;
                }

                if (message.Type == NetlinkMessage.DoneType)
                {
                    return found;
                }

                if (message.Type == NewLink && message.Payload.Length >= LinkMessageBytes)
                {
                    found.Add(Parse(message.Payload));
                }
            }
        }
    }

    private static InterfaceInfo Parse(ReadOnlySpan<byte> payload)
    {
        var flags = MemoryMarshal.Read<uint>(payload[8..]);
        var info = new InterfaceInfo(Name: "", Index: MemoryMarshal.Read<int>(payload[4..]), Mac: 0, Mtu: 0)
        {
            IsUp = (flags & UpFlag) != 0,
            IsLoopback = (flags & LoopbackFlag) != 0,
            IsEthernet = MemoryMarshal.Read<ushort>(payload[2..]) == EthernetHardware,
        };
        var attributes = payload[LinkMessageBytes..];
        while (NetlinkMessage.TryTakeAttribute(ref attributes, out var type, out var value))
        {
            info = type switch
            {
                NameAttribute => info with { Name = Text(value) },
                MtuAttribute when value.Length >= sizeof(int) => info with { Mtu = MemoryMarshal.Read<int>(value) },
                AddressAttribute when value.Length == 6 => info with { Mac = MemoryMarshal.Read<uint>(value) | ((ulong)MemoryMarshal.Read<ushort>(value[4..]) << 32) },
                LinkInfoAttribute => ParseKinds(info, value),
                _ => info,
            };
        }

        return info;
    }

    private static InterfaceInfo ParseKinds(InterfaceInfo info, ReadOnlySpan<byte> attributes)
    {
        while (NetlinkMessage.TryTakeAttribute(ref attributes, out var type, out var value))
        {
            info = type switch
            {
                KindAttribute => info with { DeviceKind = Text(value) },
                SlaveKindAttribute => info with { IsEnslaved = Text(value) != "vrf" },
                _ => info,
            };
        }

        return info;
    }

    private static string Text(ReadOnlySpan<byte> value) => Encoding.UTF8.GetString(value.TrimEnd((byte)0));
}
