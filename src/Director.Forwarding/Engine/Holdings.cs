using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;

namespace Director.Forwarding;

/// <summary>
/// Which addresses this director answers for and forwards at this moment, replaced whole. <see cref="Everything"/> is a director without others. A frame to the own MAC for a VIP that is not
/// held is never scheduled.
/// </summary>
/// <param name="Groups">The groups; an address is in one at most, and one that is in none is not held.</param>
public sealed record Holdings(ImmutableArray<HeldGroup> Groups)
{
    /// <summary>Every address of the table is held.</summary>
    public static Holdings Everything { get; } = new(ImmutableArray<HeldGroup>.Empty) { IsEverything = true };

    /// <summary>Whether every address of the table is held, whatever the groups say.</summary>
    public bool IsEverything { get; private init; }
}

/// <summary>Addresses that move together, and what this director does for them now.</summary>
/// <param name="Name">The group's name.</param>
/// <param name="Addresses">VIPs, masquerade addresses and gateway addresses.</param>
public sealed record HeldGroup(string Name, ImmutableArray<IPAddress> Addresses)
{
    /// <summary>NICs that the addresses are answered and announced on; empty is all.</summary>
    public ImmutableArray<string> Interfaces { get; init; } = [];

    /// <summary>ARP, neighbour solicitations and echo requests are answered. When this becomes true the addresses are announced.</summary>
    public bool Answers { get; init; }

    /// <summary>Packets are forwarded. While a group is handed over, its last holder forwards without answering, until the next one has it.</summary>
    public bool Forwards { get; init; }

    /// <summary>Whether echo requests are answered, where <see cref="Answers"/> is true.</summary>
    public bool AnswersEcho { get; init; } = true;

    /// <summary>The MAC address of a virtual router (RFC 5798 7.3), which answers name and frames come to while this director has the group; null: each NIC's own.</summary>
    public PhysicalAddress? VirtualMac { get; init; }

    /// <summary>Announcements when taken.</summary>
    public int Announcements { get; init; } = 5;

    /// <summary>Between two of them; null: a second but for the first two.</summary>
    public TimeSpan? AnnouncementInterval { get; init; }

    /// <summary>Between two announcements while held; zero is never.</summary>
    public TimeSpan Refresh { get; init; }

    /// <summary>Another value than before, while <see cref="Answers"/> stays true, has the addresses announced again: after a split has healed, or when somebody else announced one of them.</summary>
    public int AnnouncementRound { get; init; }

    /// <summary>In active-active mode, the part of the clients that is this director's; null is all of them.</summary>
    public PartitionShare? Share { get; init; }

    /// <summary>The MAC address that answers name; null: each NIC's own.</summary>
    internal PhysicalAddress? Mac => Share?.SharedMac ?? VirtualMac;

    /// <summary>Whether this director's kernel forwards what comes to <see cref="Mac"/> and is no director's: of directors that share it one does, and a virtual router's master does.</summary>
    internal bool IsGateway => Share?.IsGatewayOwner ?? (VirtualMac is not null && Forwards);
}

/// <summary>What of a packet decides its block.</summary>
public enum BlockSense
{
    /// <summary>The client's port.</summary>
    SourcePort,

    /// <summary>The client's address.</summary>
    SourceAddress,

    /// <summary>The client's address and port.</summary>
    Source,
}

/// <summary>A director's part of a partition of the clients.</summary>
/// <param name="Sense">What of a packet decides its block.</param>
/// <param name="SharedMac">The MAC that answers name and that is never a frame's source.</param>
/// <param name="Blocks">For each of the 512 blocks, whether it is this director's.</param>
public sealed record PartitionShare(BlockSense Sense, PhysicalAddress SharedMac, ImmutableArray<bool> Blocks)
{
    /// <summary>Blocks of a partition.</summary>
    public const int BlockCount = 512;

    /// <summary>
    /// For each of the 512 blocks, whether it was this director's and the next one may not be at work yet: known connections are still forwarded, none is set up. Empty: none is.
    /// </summary>
    public ImmutableArray<bool> Ending { get; init; } = [];

    /// <summary>Whether this director lets its kernel forward what real servers send to the outside through a gateway address. One director does.</summary>
    public bool IsGatewayOwner { get; init; }

    /// <summary>Whether connections that this director set up itself are forwarded by it wherever their block is: where there is no synchronisation.</summary>
    public bool KeepsOwnConnections { get; init; }
}
