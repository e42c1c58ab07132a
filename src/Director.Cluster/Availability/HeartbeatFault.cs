namespace Director.Cluster.Availability;

/// <summary>Why a datagram at the heartbeat's port was not taken. Each is counted; nothing else happens.</summary>
public enum HeartbeatFault
{
    /// <summary>It is taken.</summary>
    None,

    /// <summary>It is no heartbeat at all.</summary>
    Unknown,

    /// <summary>A heartbeat of another version of the format.</summary>
    Version,

    /// <summary>Shorter than it says that it is.</summary>
    Truncated,

    /// <summary>Of another cluster.</summary>
    Foreign,

    /// <summary>Its authentication code is not made with this cluster's key.</summary>
    Forged,

    /// <summary>Authentic, but what it says makes no sense.</summary>
    Malformed,

    /// <summary>This director's own, come back.</summary>
    Own,

    /// <summary>Authentic, from another start of a director of this one's name: two directors have one name.</summary>
    SameName,

    /// <summary>Heard already on the same link: the network doubled it, or somebody sent it again.</summary>
    Repeated,

    /// <summary>Older than what was heard on the same link.</summary>
    Replayed,

    /// <summary>From a start that has not answered this director's challenge yet, as every start's first ones, or never will, as one that is over.</summary>
    Unconfirmed,

    /// <summary>From one director more than a cluster can have.</summary>
    TooMany,
}
