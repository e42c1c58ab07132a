namespace Director.Cluster.Availability.Vrrp;

/// <summary>Why a VRRP packet was not taken (RFC 5798 7.1, RFC 3768 7.1).</summary>
public enum VrrpFault
{
    /// <summary>It was taken.</summary>
    None,

    /// <summary>It ends before what it says it holds, or it is a fragment.</summary>
    Truncated,

    /// <summary>It has passed a router: its TTL or hop limit is not 255.</summary>
    TimeToLive,

    /// <summary>Another version than the group's.</summary>
    Version,

    /// <summary>Another type than an advertisement.</summary>
    Type,

    /// <summary>The checksum is wrong, in either way of making it.</summary>
    Checksum,

    /// <summary>A VRID that no group has on this interface, as of other routers on the LAN.</summary>
    RouterId,

    /// <summary>Multicast where the group has peers, unicast where it has none, or from none of the peers.</summary>
    Sender,

    /// <summary>Another authentication type or another password (version 2).</summary>
    Password,

    /// <summary>Another interval (version 2), or none (version 3).</summary>
    Interval,

    /// <summary>Other addresses than the group's.</summary>
    Addresses,
}
