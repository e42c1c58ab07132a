namespace Director.Forwarding.Engine;

/// <summary>What a worker counts. The name that reports show is the member's, in words joined by hyphens: <c>DropNoService</c> is <c>drop-no-service</c>.</summary>
internal enum PacketCounter
{
    /// <summary>Frames taken from links.</summary>
    Received,

    /// <summary>Frames given to links.</summary>
    Sent,

    /// <summary>Frames that a link refused: no buffer, too long, interface down.</summary>
    SendFailed,

    /// <summary>Frames for other hosts' MAC addresses.</summary>
    OtherHost,

    /// <summary>Frames left to the kernel, which has its own copy.</summary>
    LeftToKernel,

    /// <summary>Packets through the shared MAC of no connection of ours, which another director's kernel forwards.</summary>
    LeftToGatewayOwner,

    /// <summary>Packets of no connection of ours that the kernel was kept from, given back to it.</summary>
    HandedBack,

    /// <summary>Answers of this host's own daemons, of no connection of ours, sent on their way.</summary>
    SentForThisHost,

    /// <summary>Packets handed to the worker that has their connection.</summary>
    HandedOver,

    /// <summary>Packets of clients forwarded to real servers.</summary>
    ForwardedIn,

    /// <summary>Packets of real servers forwarded to clients.</summary>
    ForwardedOut,

    /// <summary>Connections set up.</summary>
    ConnectionsCreated,

    /// <summary>Connections that ended or timed out.</summary>
    ConnectionsExpired,

    /// <summary>Connections given to another real server by a new SYN on old ports.</summary>
    ConnectionsReused,

    /// <summary>Connections of a failed or removed real server scheduled anew.</summary>
    ConnectionsMoved,

    /// <summary>Connections ended because their real server's time to drain was over.</summary>
    ConnectionsEnded,

    /// <summary>Superframes cut into segments in software (tunnels).</summary>
    SegmentedSuperframes,

    /// <summary>TCP connections that nobody had told of, taken up in their midst after a takeover.</summary>
    ConnectionsAdopted,

    /// <summary>Connections that other directors told of, taken over into the table.</summary>
    Synchronised,

    /// <summary>Connections that another director ended before their time.</summary>
    SynchronisedEnded,

    /// <summary>ARP requests answered.</summary>
    ArpAnswered,

    /// <summary>Another host claims an address that we hold.</summary>
    AddressConflict,

    /// <summary>Neighbour solicitations answered.</summary>
    SolicitationAnswered,

    /// <summary>Echo requests answered.</summary>
    EchoAnswered,

    /// <summary>ICMP errors forwarded.</summary>
    IcmpForwarded,

    /// <summary>ICMP errors and TCP resets of our own.</summary>
    IcmpSent,

    /// <summary>Packets for an address that another director holds.</summary>
    DropNotHeld,

    /// <summary>Packets of a client whose block is another director's.</summary>
    DropOtherBlock,

    /// <summary>Packets for an address that we held when our right to it had run out: the process was stopped for too long.</summary>
    DropNoLoan,

    /// <summary>The frame ends before its headers do.</summary>
    DropTruncated,

    /// <summary>A length field contradicts another or the frame.</summary>
    DropBadLength,

    /// <summary>The IP version is not the one of the EtherType.</summary>
    DropBadVersion,

    /// <summary>The IPv4 header checksum is wrong.</summary>
    DropBadHeaderChecksum,

    /// <summary>IPv6 extension headers that cannot be followed.</summary>
    DropBadExtensionHeader,

    /// <summary>A layer-4 header that is cut off or impossible.</summary>
    DropBadTransport,

    /// <summary>ICMP with a wrong checksum, or quoting no packet that can be read.</summary>
    DropBadIcmp,

    /// <summary>No virtual service has the address and port.</summary>
    DropNoService,

    /// <summary>No real server can take the connection.</summary>
    DropNoRealServer,

    /// <summary>The access list refuses the client.</summary>
    DropAccessDenied,

    /// <summary>A TCP packet of no connection that is not a SYN.</summary>
    DropNotSyn,

    /// <summary>The connection's real server was removed.</summary>
    DropRealServerRemoved,

    /// <summary>Another director told of a connection of a virtual service that is not in the table here.</summary>
    DropUnknownSynchronisedService,

    /// <summary>Another director told of a connection to a real server that the virtual service does not have here.</summary>
    DropUnknownSynchronisedRealServer,

    /// <summary>Another director told of a connection that there is no room for.</summary>
    DropSynchronisedTableFull,

    /// <summary>A kernel told of the end of a connection that has gone to another real server since.</summary>
    DropSynchronisedReplaced,

    /// <summary>The connection table is full.</summary>
    DropTableFull,

    /// <summary>Half-open connections pushed out by newer ones (drop_entry).</summary>
    DropEntry,

    /// <summary>The time to live or hop limit ran out.</summary>
    DropHopLimit,

    /// <summary>There is no route.</summary>
    DropNoRoute,

    /// <summary>The route leads out of an interface that the engine does not use.</summary>
    DropNoLink,

    /// <summary>The next hop's MAC address was not found in time, or too many packets wait for it.</summary>
    DropNeighbourUnresolved,

    /// <summary>Longer than the way's MTU and not to be fragmented; answered by ICMP.</summary>
    DropTooBig,

    /// <summary>A UDP superframe: its segment size is not known.</summary>
    DropUdpSuperframe,

    /// <summary>A fragment whose first fragment did not come.</summary>
    DropOrphanFragment,

    /// <summary>A protocol other than TCP, UDP and ICMP to a virtual address.</summary>
    DropProtocol,

    /// <summary>An ICMP error or reset not sent: more than a thousand in a second.</summary>
    DropIcmpRateLimited,

    /// <summary>No port is free to masquerade a connection.</summary>
    DropNoMasqueradePort,

    /// <summary>A packet from our own TUN device that has no way out.</summary>
    DropTunUnknown,

    /// <summary>The ring to another worker is full.</summary>
    DropHandOverFull,

    /// <summary>A persistence template could not be kept: their table is full.</summary>
    DropTemplatesFull,
}
