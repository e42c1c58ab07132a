using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;

namespace Director.Configuration;

/// <summary>How the IPv4 checksum of VRRP version 3 is made. Both are understood; which one is sent has to suit the other routers.</summary>
public enum VrrpChecksum
{
    /// <summary>Over a pseudo-header too, as most read RFC 5798: keepalived's default.</summary>
    PseudoHeader,

    /// <summary>Over the message alone, as RFC 9568 says: keepalived's <c>v3_checksum_as_v2</c>.</summary>
    Plain,
}

/// <summary>How a group is held by VRRP. Its virtual routers become master and backup together, as keepalived's <c>vrrp_sync_group</c>.</summary>
public sealed record VrrpConfiguration
{
    /// <summary>2 (RFC 3768) or 3 (RFC 5798, RFC 9568).</summary>
    public int Version { get; init; } = 3;

    /// <summary>Between two advertisements: in version 3 10 ms to 40.95 s in steps of 10 ms, in version 2 1 s to 255 s in whole seconds.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>The higher becomes master, 1 to 255; 255 is the addresses' owner.</summary>
    public int Priority { get; init; } = 100;

    /// <summary>Whether a master of lower priority is replaced.</summary>
    public bool Preempt { get; init; } = true;

    /// <summary>How long after the start, or after the first advertisement of a lower master, it is left alone: 0 to 1000 s.</summary>
    public TimeSpan PreemptDelay { get; init; } = TimeSpan.Zero;

    /// <summary>Whether the addresses are answered with 00:00:5e:00:01:VRID (IPv6 00:00:5e:00:02:VRID) rather than with the NIC's own MAC.</summary>
    public bool VirtualMac { get; init; }

    /// <summary>Password of version 2 (authentication type 1), up to 8 bytes; empty is none.</summary>
    public string Password { get; init; } = "";

    /// <summary>Whether echo requests to the addresses are answered (RFC 5798 6.1, Accept_Mode).</summary>
    public bool Accept { get; init; } = true;

    /// <summary>The IPv4 checksum that version 3 sends.</summary>
    public VrrpChecksum Checksum { get; init; }

    /// <summary>Whether an advertisement has to name the addresses that this director is configured with; one of priority 255 need not.</summary>
    public bool CheckAddresses { get; init; } = true;

    /// <summary>After how long the group is announced once more when it was taken: 0 (not) to 255 s (<c>garp_master_delay</c>).</summary>
    public TimeSpan AnnounceDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Announcements at each refresh, 1 to 60 (<c>garp_master_refresh_repeat</c>).</summary>
    public int RefreshAnnouncements { get; init; } = 1;

    /// <summary>How long after an advertisement of a lower master the group is announced again: 0 to 255 s (<c>garp_lower_prio_delay</c>).</summary>
    public TimeSpan LowerPriorityDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Announcements then, 0 (none) to 60 (<c>garp_lower_prio_repeat</c>).</summary>
    public int LowerPriorityAnnouncements { get; init; } = 5;

    /// <summary>Where the group is held, at least one.</summary>
    public ImmutableArray<VrrpInstanceConfiguration> Instances { get; init; } = [];

    /// <summary>What the priority follows.</summary>
    public VrrpTrackConfiguration Track { get; init; } = new();

    /// <summary>The virtual routers that the instances are: one of each family that an instance has addresses of.</summary>
    /// <param name="addresses">The group's.</param>
    public IEnumerable<VrrpRouter> Routers(ImmutableArray<IPAddress> addresses)
    {
        var named = Instances.SelectMany(instance => instance.Addresses).ToHashSet();
        foreach (var instance in Instances)
        {
            var own = instance.Addresses.IsEmpty ? addresses.Where(address => !named.Contains(address)) : instance.Addresses;
            var only = instance.Source?.AddressFamily ?? (instance.Peers.IsEmpty ? null : instance.Peers[0].AddressFamily);
            foreach (var family in own.GroupBy(address => address.AddressFamily).Where(family => only is null || family.Key == only))
            {
                yield return new(instance.Interface, instance.RouterId, family.Key == AddressFamily.InterNetworkV6, [.. family], instance.Peers, instance.Source);
            }
        }
    }
}

/// <summary>Where a group is held.</summary>
public sealed record VrrpInstanceConfiguration
{
    /// <summary>NIC.</summary>
    public required string Interface { get; init; }

    /// <summary>Virtual router identifier, 1 to 255; unique on its LAN.</summary>
    public required int RouterId { get; init; }

    /// <summary>Those of the group's addresses that are advertised here; empty: all that no other instance names.</summary>
    public ImmutableArray<IPAddress> Addresses { get; init; } = [];

    /// <summary>Other routers, by unicast; empty: multicast to 224.0.0.18 and ff02::12.</summary>
    public ImmutableArray<IPAddress> Peers { get; init; } = [];

    /// <summary>Address that advertisements come from; null is the NIC's first, or its link-local one.</summary>
    public IPAddress? Source { get; init; }
}

/// <summary>A virtual router (RFC 5798 1.6): a VRID of one family on an interface.</summary>
/// <param name="Interface">NIC.</param>
/// <param name="RouterId">VRID.</param>
/// <param name="IsIPv6">Its family.</param>
/// <param name="Addresses">What it advertises, in this order.</param>
/// <param name="Peers">Other routers, by unicast; empty: multicast.</param>
/// <param name="Source">As <see cref="VrrpInstanceConfiguration.Source"/>.</param>
public sealed record VrrpRouter(string Interface, int RouterId, bool IsIPv6, ImmutableArray<IPAddress> Addresses, ImmutableArray<IPAddress> Peers, IPAddress? Source);

/// <summary>What a VRRP priority follows. With weight 0 a failure keeps the group from being held; a positive weight is added while all is well, a negative one taken off while it is not.</summary>
public sealed record VrrpTrackConfiguration
{
    /// <summary>NICs that have to be up, beside those of the instances.</summary>
    public ImmutableArray<VrrpTrackedInterface> Interfaces { get; init; } = [];

    /// <summary>Hosts that have to answer echo requests, with <see cref="AvailabilityConfiguration.PingInterval"/> and <see cref="AvailabilityConfiguration.PingTimeout"/>.</summary>
    public ImmutableArray<VrrpTrackedNode> PingNodes { get; init; } = [];

    /// <summary>Commands that have to succeed.</summary>
    public ImmutableArray<VrrpTrackedScript> Scripts { get; init; } = [];

    /// <summary>Virtual services that have to have their quorum.</summary>
    public ImmutableArray<VrrpTrackedService> Services { get; init; } = [];
}

/// <summary>A NIC that has to be up.</summary>
/// <param name="Interface">Its name.</param>
/// <param name="Weight">-253 to 253.</param>
public sealed record VrrpTrackedInterface(string Interface, int Weight);

/// <summary>A host that has to answer.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Weight">-253 to 253.</param>
public sealed record VrrpTrackedNode(IPAddress Address, int Weight);

/// <summary>A virtual service that has to have its quorum.</summary>
/// <param name="Name">Its name in <c>virtual-services</c>.</param>
/// <param name="Weight">-253 to 253.</param>
public sealed record VrrpTrackedService(string Name, int Weight);

/// <summary>A command that has to succeed (keepalived's <c>vrrp_script</c>).</summary>
public sealed record VrrpTrackedScript
{
    /// <summary>Run with <c>sh -c</c>; status 0 is success.</summary>
    public required string Command { get; init; }

    /// <summary>Between two runs: 100 ms to 1 d.</summary>
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>One that runs longer is killed and has failed: 100 ms to 1 h.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Successes in a row that make it well, 1 to 1000.</summary>
    public int Rise { get; init; } = 1;

    /// <summary>Failures in a row that make it fail, 1 to 1000.</summary>
    public int Fall { get; init; } = 1;

    /// <summary>-253 to 253.</summary>
    public int Weight { get; init; }
}
