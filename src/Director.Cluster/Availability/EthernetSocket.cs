using System.Buffers.Binary;
using System.Net;
using System.Runtime.InteropServices;

namespace Director.Cluster.Availability;

/// <summary>
/// Heartbeats straight in Ethernet frames, to a multicast address of our own, as 0x88B5 (IEEE 802 local experimental): they need no IP address and pass where the VIPs' own frames pass.
/// </summary>
internal sealed unsafe class EthernetSocket : HeartbeatSocket
{
    private const ushort EtherType = 0x88B5;

    // 03-44-49-52-48-42: multicast, locally administered. As it lies in memory.
    private const ulong Group = 0x4248_5249_4403;
    private const int AddMembership = 1;
    private const ushort MulticastMembership = 0;

    private readonly string _interface;
    private readonly int _index;
    private readonly byte[] _to;

    private EthernetSocket(int descriptor, string @interface, int index)
        : base(descriptor)
    {
        _interface = @interface;
        _index = index;
        var to = Address(index);
        to.AddressLength = 6;
        to.Address = Group;
        _to = MemoryMarshal.AsBytes(new ReadOnlySpan<SystemCalls.LinkAddress>(ref to)).ToArray();
    }

    /// <inheritdoc/>
    public override bool IsCurrent => SystemCalls.if_nametoindex(_interface) == _index;

    /// <summary>Opens it.</summary>
    /// <exception cref="HeartbeatLinkException">There is no such interface, or no privilege.</exception>
    public static EthernetSocket Open(string @interface)
    {
        var index = (int)SystemCalls.if_nametoindex(@interface);
        if (index == 0)
            throw new HeartbeatLinkException($"there is no interface '{@interface}'");
        var descriptor = SystemCalls.socket(SystemCalls.PacketFamily, SystemCalls.DatagramSocket | SystemCalls.CloseOnExec | SystemCalls.NonBlocking, 0);
        if (descriptor < 0)
            throw new HeartbeatLinkException($"cannot open a packet socket: {SystemCalls.ErrorText}; run as root or with CAP_NET_RAW");
        var address = Address(index);
        var membership = new SystemCalls.PacketMembership { InterfaceIndex = index, Type = MulticastMembership, AddressLength = 6, Address = Group };
        if (SystemCalls.setsockopt(descriptor, SystemCalls.PacketLevel, AddMembership, &membership, sizeof(SystemCalls.PacketMembership)) == 0
            && SystemCalls.bind(descriptor, &address, sizeof(SystemCalls.LinkAddress)) == 0)
        {
            return new EthernetSocket(descriptor, @interface, index);
        }

        var problem = SystemCalls.ErrorText;
        _ = SystemCalls.close(descriptor);
        throw new HeartbeatLinkException($"cannot take heartbeats from {@interface}: {problem}");
    }

    /// <inheritdoc/>
    public override void Send(ReadOnlySpan<byte> datagram) => SendTo(datagram, _to);

    /// <inheritdoc/>
    protected override IPAddress? Source(ReadOnlySpan<byte> address) => null;

    private static SystemCalls.LinkAddress Address(int index) => new()
    {
        Family = SystemCalls.PacketFamily,
        Protocol = BinaryPrimitives.ReverseEndianness(EtherType),
        InterfaceIndex = index,
    };
}
