namespace PacketDotNet;

public enum EthernetType
{
    None = 0,
    IPv4 = 2048,
    Arp = 2054,
    VLanTaggedFrame = 33024,
    IPv6 = 34525,
    ProviderBridging = 34984,
}

public enum ProtocolType
{
    IPv6HopByHopOptions = 0,
    Icmp = 1,
    Igmp = 2,
    IPv4 = 4,
    Tcp = 6,
    Udp = 17,
    IPv6 = 41,
    IPv6RoutingHeader = 43,
    IPv6FragmentHeader = 44,
    Gre = 47,
    IcmpV6 = 58,
    IPv6NoNextHeader = 59,
    IPv6DestinationOptions = 60,
}

public enum IPVersion
{
    IPv4 = 4,
    IPv6 = 6,
}

public enum ArpOperation
{
    Request = 1,
    Response = 2,
}

/// <summary>Type in the high byte, code in the low.</summary>
public enum IcmpV4TypeCode
{
    EchoReply = 0,
    UnreachableNet = 768,
    UnreachableHost = 769,
    UnreachableProtocol = 770,
    UnreachablePort = 771,
    UnreachableFragmentationNeeded = 772,
    RedirectNetwork = 1280,
    RedirectHost = 1281,
    EchoRequest = 2048,
    TimeExceeded = 2816,
}

public enum IcmpV6Type
{
    DestinationUnreachable = 1,
    PacketTooBig = 2,
    TimeExceeded = 3,
    ParameterProblem = 4,
    EchoRequest = 128,
    EchoReply = 129,
    MulticastListenerQuery = 130,
    MulticastListenerReport = 131,
    MulticastListenerDone = 132,
    RouterSolicitation = 133,
    RouterAdvertisement = 134,
    NeighborSolicitation = 135,
    NeighborAdvertisement = 136,
    Version2MulticastListenerReport = 143,
}
