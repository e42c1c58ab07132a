using System.Collections.Immutable;
using System.Net.NetworkInformation;

namespace Director.Forwarding.Partitioning;

/// <summary>A <see cref="HeldGroup"/> as packets are asked about. Immutable.</summary>
internal sealed class GroupHolding
{
    private readonly bool[]? _links;

    private GroupHolding(bool answers, bool forwards) => (Answers, Forwards) = (answers, forwards);

    /// <param name="group">The group.</param>
    /// <param name="links">Names of the links, in the order of their numbers.</param>
    public GroupHolding(HeldGroup group, IReadOnlyList<string> links)
        : this(group.Answers, group.Forwards)
    {
        if (!group.Interfaces.IsEmpty)
            _links = [.. links.Select(name => group.Interfaces.Contains(name))];
        AnswersEcho = group.AnswersEcho;
        SharedMac = group.Mac is { } mac ? MacOf(mac) : 0;
        IsGatewayOwner = group.IsGateway;
        if (group.Share is not { } share)
            return;
        Blocks = new BlockFilter(share);
        KeepsOwnConnections = share.KeepsOwnConnections;
    }

    /// <summary>A director without others: all is held, on every link.</summary>
    public static GroupHolding Whole { get; } = new(true, true);

    /// <summary>Whether questions for the addresses are answered.</summary>
    public bool Answers { get; }

    /// <summary>Whether echo requests are.</summary>
    public bool AnswersEcho { get; } = true;

    /// <summary>Whether packets are forwarded.</summary>
    public bool Forwards { get; }

    /// <summary>Which clients are this director's; null: all.</summary>
    public BlockFilter? Blocks { get; }

    /// <summary>The MAC address that answers name, as in <see cref="Links.ILink.Mac"/>; 0: each link's own.</summary>
    public ulong SharedMac { get; }

    /// <summary>As <see cref="PartitionShare.KeepsOwnConnections"/>: what is unknown here may be another director's connection.</summary>
    public bool KeepsOwnConnections { get; }

    /// <summary>Whether this director's kernel forwards what goes through the shared MAC and is no director's.</summary>
    public bool IsGatewayOwner { get; }

    /// <summary>Whether the addresses are answered on a link.</summary>
    public bool IsOn(int link) => _links is null || (link < _links.Length && _links[link]);

    /// <summary>A MAC address as <see cref="Links.ILink.Mac"/> has it; 0 for one that is not of six bytes.</summary>
    public static ulong MacOf(PhysicalAddress address)
    {
        var bytes = address.GetAddressBytes();
        return bytes.Length == 6 ? bytes.Reverse().Aggregate(0UL, (mac, next) => (mac << 8) | next) : 0;
    }
}
