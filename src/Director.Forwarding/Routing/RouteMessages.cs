using System.Runtime.InteropServices;
using System.Text;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Routing;

/// <summary>Reads and writes the messages of rtnetlink (rtnetlink(7), <c>linux/rtnetlink.h</c>). Each reader gives null for a message that is too short or is of no interest.</summary>
internal static class RouteMessages
{
    public const ushort NewLink = 16, DeleteLink = 17, GetLink = 18;
    public const ushort NewAddress = 20, DeleteAddress = 21, GetAddress = 22;
    public const ushort NewRoute = 24, DeleteRoute = 25, GetRoute = 26;
    public const ushort NewNeighbour = 28, DeleteNeighbour = 29, GetNeighbour = 30;
    public const ushort NewRule = 32, DeleteRule = 33, GetRule = 34;

    /// <summary>The groups RTNLGRP_{LINK, NEIGH, IPV4_IFADDR, IPV4_ROUTE, IPV4_RULE, IPV6_IFADDR, IPV6_ROUTE, IPV6_RULE} as <c>nl_groups</c>.</summary>
    public const uint Groups = 1 << 0 | 1 << 2 | 1 << 4 | 1 << 6 | 1 << 7 | 1 << 8 | 1 << 10 | 1 << 18;

    public const byte IPv4Family = 2, IPv6Family = 10;

    private const ushort RequestFlag = 0x1, DumpFlags = 0x300, CreateFlag = 0x400;

    /// <summary>Reads RTM_NEWLINK or RTM_DELLINK.</summary>
    public static LinkEvent? ReadLink(ReadOnlySpan<byte> payload)
    {
        const int Header = 16; // struct ifinfomsg
        const ushort Ethernet = 1; // ARPHRD_ETHER
        const uint Up = 0x1, NoArp = 0x80;
        // Other families tell of a bridge's ports and the like.
        if (payload.Length < Header || payload[0] != 0)
            return null;
        var type = MemoryMarshal.Read<ushort>(payload[2..]);
        var flags = MemoryMarshal.Read<uint>(payload[8..]);
        var name = "";
        var mtu = 0u;
        var attributes = payload[Header..];
        while (NetlinkMessage.TryTakeAttribute(ref attributes, out var attribute, out var value))
        {
            if (attribute == 3)
                name = Encoding.UTF8.GetString(value.TrimEnd((byte)0));
            else if (attribute == 4)
                mtu = ReadUInt32(value);
        }
        return new(MemoryMarshal.Read<int>(payload[4..]), name, (flags & Up) != 0, type == Ethernet && (flags & NoArp) == 0, (int)Math.Min(mtu, int.MaxValue));
    }

    /// <summary>Reads RTM_NEWADDR or RTM_DELADDR.</summary>
    public static AddressEvent? ReadAddress(ReadOnlySpan<byte> payload)
    {
        const int Header = 8; // struct ifaddrmsg
        const uint DadFailed = 0x08, Deprecated = 0x20, Tentative = 0x40;
        if (payload.Length < Header || !TryReadFamily(payload[0], out var isIPv6))
            return null;
        var flags = (uint)payload[2];
        InetAddress? address = null;
        InetAddress? local = null;
        var attributes = payload[Header..];
        while (NetlinkMessage.TryTakeAttribute(ref attributes, out var attribute, out var value))
        {
            switch (attribute)
            {
                case 1:
                    address = ReadInetAddress(value, isIPv6);
                    break;
                case 2:
                    local = ReadInetAddress(value, isIPv6);
                    break;
                case 8:
                    flags = ReadUInt32(value);
                    break;
            }
        }
        // On a point-to-point interface IFA_ADDRESS is the other end.
        if ((local ?? address) is not { } own)
            return null;
        return new(MemoryMarshal.Read<int>(payload[4..]), own, Math.Min((int)payload[1], own.BitLength()), payload[3], (flags & (DadFailed | Deprecated | Tentative)) == 0);
    }

    /// <summary>Reads RTM_NEWROUTE or RTM_DELROUTE. Null also for routes that never apply here: for a type of service, for a source, copies in the cache, without a living hop.</summary>
    public static RouteEvent? ReadRoute(ReadOnlySpan<byte> payload)
    {
        const int Header = 12; // struct rtmsg
        const uint Cloned = 0x200;
        if (payload.Length < Header || !TryReadFamily(payload[0], out var isIPv6))
            return null;
        var prefixLength = payload[1];
        var type = (RouteType)payload[7];
        var flags = MemoryMarshal.Read<uint>(payload[8..]);
        var prefix = isIPv6 ? InetAddress.FromIPv6(0, 0) : InetAddress.FromIPv4(0);
        if (prefixLength > prefix.BitLength() || payload[2] != 0 || payload[3] != 0 || (flags & Cloned) != 0 || type is < RouteType.Unicast or > RouteType.Throw)
            return null;

        uint table = payload[4], metric = 0;
        var mtu = 0;
        InetAddress? source = null;
        var hop = new HopReader((byte)flags, 1);
        RouteHop[]? hops = null;
        var attributes = payload[Header..];
        while (NetlinkMessage.TryTakeAttribute(ref attributes, out var attribute, out var value))
        {
            switch (attribute)
            {
                case 1:
                    if (ReadInetAddress(value, isIPv6) is not { } destination)
                        return null;
                    prefix = destination;
                    break;
                case 6:
                    metric = ReadUInt32(value);
                    break;
                case 7:
                    source = ReadInetAddress(value, isIPv6);
                    break;
                case 8:
                    mtu = ReadMtu(value);
                    break;
                case 9:
                    hops = ReadHops(value, isIPv6);
                    break;
                case 15:
                    table = ReadUInt32(value);
                    break;
                default:
                    hop.Read(attribute, value, isIPv6);
                    break;
            }
        }
        hops ??= hop.IsUsable ? [hop.Hop] : [];
        if (type == RouteType.Unicast && hops.Length == 0)
            return null;
        return new(table, prefix.Mask(prefixLength), prefixLength, new(type, metric, mtu, source, type == RouteType.Unicast ? hops : []));
    }

    /// <summary>Reads RTM_NEWRULE.</summary>
    public static RuleEvent? ReadRule(ReadOnlySpan<byte> payload)
    {
        const int Header = 12; // struct fib_rule_hdr
        const byte ToTable = 1; // FR_ACT_TO_TBL
        const uint Invert = 0x2;
        if (payload.Length < Header || !TryReadFamily(payload[0], out var isIPv6))
            return null;
        var isPlain = payload[1] == 0 && payload[2] == 0 && payload[3] == 0 && payload[7] == ToTable && (MemoryMarshal.Read<uint>(payload[8..]) & Invert) == 0;
        uint table = payload[4], priority = 0;
        var attributes = payload[Header..];
        while (NetlinkMessage.TryTakeAttribute(ref attributes, out var attribute, out var value))
        {
            switch (attribute)
            {
                case 6:
                    priority = ReadUInt32(value);
                    break;
                case 15:
                    table = ReadUInt32(value);
                    break;
                case 13 or 14: // suppression by interface group or prefix length; -1 is none
                    isPlain &= ReadUInt32(value) == uint.MaxValue;
                    break;
                case 11 or 18 or 21: // realm, padding, who made the rule
                    break;
                default:
                    isPlain = false;
                    break;
            }
        }
        return new(isIPv6, priority, table, isPlain);
    }

    /// <summary>Reads RTM_NEWNEIGH or RTM_DELNEIGH.</summary>
    public static NeighbourEvent? ReadNeighbour(ReadOnlySpan<byte> payload)
    {
        const int Header = 12; // struct ndmsg
        const byte Proxy = 0x08; // NTF_PROXY
        if (payload.Length < Header || !TryReadFamily(payload[0], out var isIPv6) || (payload[10] & Proxy) != 0)
            return null;
        var state = (NeighbourStates)MemoryMarshal.Read<ushort>(payload[8..]);
        InetAddress? address = null;
        ulong mac = 0;
        var attributes = payload[Header..];
        while (NetlinkMessage.TryTakeAttribute(ref attributes, out var attribute, out var value))
        {
            if (attribute == 1)
                address = ReadInetAddress(value, isIPv6);
            else if (attribute == 2 && value.Length == 6)
                mac = MemoryMarshal.Read<uint>(value) | (ulong)MemoryMarshal.Read<ushort>(value[4..]) << 32;
        }
        if (address is not { } known)
            return null;
        return new(MemoryMarshal.Read<int>(payload[4..]), known, (state & NeighbourStates.Valid) != 0 ? mac : 0, state);
    }

    /// <summary>Writes a request for a whole list: RTM_GETLINK, RTM_GETADDR, ...</summary>
    /// <returns>Its length.</returns>
    public static int WriteDump(Span<byte> to, ushort type, byte family, uint sequence)
    {
        // The largest of the headers that may follow; the kernel takes what it needs.
        var length = NetlinkMessage.HeaderLength + 16;
        if (type is GetAddress)
            length = NetlinkMessage.HeaderLength + 8;
        else if (type is GetRoute or GetRule or GetNeighbour)
            length = NetlinkMessage.HeaderLength + 12;
        to[..length].Clear();
        WriteHeader(to, length, type, RequestFlag | DumpFlags, sequence);
        to[NetlinkMessage.HeaderLength] = family;
        return length;
    }

    /// <summary>Writes RTM_NEWNEIGH with NTF_USE: the kernel treats the neighbour as if it had a packet for it.</summary>
    /// <returns>Its length.</returns>
    public static unsafe int WriteUse(Span<byte> to, int interfaceIndex, in InetAddress address, uint sequence)
    {
        const byte Use = 0x01; // NTF_USE
        var bytes = address.BitLength() / 8;
        var length = NetlinkMessage.HeaderLength + 12 + 4 + bytes;
        to[..length].Clear();
        WriteHeader(to, length, NewNeighbour, RequestFlag | CreateFlag, sequence);
        var body = to[NetlinkMessage.HeaderLength..];
        body[0] = address.IsIPv6 ? IPv6Family : IPv4Family;
        MemoryMarshal.Write(body[4..], interfaceIndex);
        body[10] = Use;
        MemoryMarshal.Write(body[12..], (ushort)(4 + bytes));
        MemoryMarshal.Write(body[14..], (ushort)1);
        fixed (byte* destination = body.Slice(16, bytes))
            address.Write(destination);
        return length;
    }

    private static void WriteHeader(Span<byte> to, int length, ushort type, int flags, uint sequence)
    {
        MemoryMarshal.Write(to, (uint)length);
        MemoryMarshal.Write(to[4..], type);
        MemoryMarshal.Write(to[6..], (ushort)flags);
        MemoryMarshal.Write(to[8..], sequence);
    }

    private static RouteHop[] ReadHops(ReadOnlySpan<byte> list, bool isIPv6)
    {
        const int Header = 8; // struct rtnexthop
        var hops = new List<RouteHop>();
        while (list.Length >= Header)
        {
            int length = MemoryMarshal.Read<ushort>(list);
            if (length < Header || length > list.Length)
                break;
            var hop = new HopReader(list[2], list[3] + 1);
            hop.Read(HopReader.InterfaceAttribute, list.Slice(4, 4), isIPv6);
            var attributes = list[Header..length];
            while (NetlinkMessage.TryTakeAttribute(ref attributes, out var attribute, out var value))
                hop.Read(attribute, value, isIPv6);
            if (hop.IsUsable)
                hops.Add(hop.Hop);
            list = list[Math.Min(list.Length, (length + 3) & ~3)..];
        }
        return [.. hops];
    }

    private static int ReadMtu(ReadOnlySpan<byte> metrics)
    {
        var mtu = 0u;
        while (NetlinkMessage.TryTakeAttribute(ref metrics, out var metric, out var value))
        {
            if (metric == 2) // RTAX_MTU
                mtu = ReadUInt32(value);
        }
        return (int)Math.Min(mtu, int.MaxValue);
    }

    private static bool TryReadFamily(byte family, out bool isIPv6)
    {
        isIPv6 = family == IPv6Family;
        return isIPv6 || family == IPv4Family;
    }

    private static uint ReadUInt32(ReadOnlySpan<byte> value) => value.Length >= 4 ? MemoryMarshal.Read<uint>(value) : 0;

    private static unsafe InetAddress? ReadInetAddress(ReadOnlySpan<byte> value, bool isIPv6)
    {
        if (value.Length < (isIPv6 ? 16 : 4))
            return null;
        fixed (byte* bytes = value)
            return InetAddress.Read(bytes, isIPv6);
    }

    /// <summary>Gathers the attributes of one hop.</summary>
    private struct HopReader(byte flags, int weight)
    {
        public const int InterfaceAttribute = 4;
        private const byte Dead = 0x1; // RTNH_F_DEAD

        private int _interface;
        private InetAddress? _gateway;
        private bool _isForeign;

        public readonly bool IsUsable => (flags & Dead) == 0 && _interface > 0 && !_isForeign;

        public readonly RouteHop Hop => new(_interface, _gateway, weight);

        public void Read(int attribute, ReadOnlySpan<byte> value, bool isIPv6)
        {
            switch (attribute)
            {
                case InterfaceAttribute:
                    _interface = (int)ReadUInt32(value);
                    break;
                case 5: // RTA_GATEWAY
                    _gateway = ReadInetAddress(value, isIPv6);
                    _isForeign |= _gateway is null;
                    break;
                case 18: // RTA_VIA: a family and an address of it
                    _gateway = value.Length > 2 && TryReadFamily((byte)MemoryMarshal.Read<ushort>(value), out var isViaIPv6) ? ReadInetAddress(value[2..], isViaIPv6) : null;
                    _isForeign |= _gateway is null;
                    break;
                case 22: // RTA_ENCAP: the kernel would encapsulate; frames that we send would not be.
                    _isForeign = true;
                    break;
            }
        }
    }
}
