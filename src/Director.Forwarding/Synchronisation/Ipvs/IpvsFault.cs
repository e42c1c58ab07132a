namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>Why a datagram of the kernel's synchronisation, or an entry in it, is not taken. The name that reports show is the member's: <c>drop-ipvs-sync-other-id</c>.</summary>
internal enum IpvsFault
{
    /// <summary>It is taken.</summary>
    None,

    /// <summary>Shorter than a header.</summary>
    Truncated,

    /// <summary>Its length is not the one that its header tells.</summary>
    WrongLength,

    /// <summary>Of another synchronisation id.</summary>
    OtherId,

    /// <summary>An entry does not end within the datagram, or is shorter than its fields: what follows is lost with it.</summary>
    EntryTruncated,

    /// <summary>An entry of another version than 0: what follows is lost with it.</summary>
    EntryVersion,

    /// <summary>An entry of another kind than IPv4 and IPv6: what follows is lost with it.</summary>
    EntryType,

    /// <summary>An option of an entry does not end within it, is empty, is there twice, or has another length than its kind: what follows is lost with it.</summary>
    OptionMalformed,

    /// <summary>An entry with an option that is not known and may not be skipped.</summary>
    OptionUnknown,

    /// <summary>A connection of another protocol than TCP and UDP.</summary>
    Protocol,

    /// <summary>A connection in a state that its protocol does not have.</summary>
    State,

    /// <summary>A connection whose client's port is not known (FTP data).</summary>
    NoClientPort,

    /// <summary>A connection whose sequence numbers are shifted (FTP by NAT): nobody here could go on with it.</summary>
    SequenceShifted,

    /// <summary>A template of a persistence engine (SIP).</summary>
    PersistenceEngine,

    /// <summary>A template for which there is no service or real server here, or no room.</summary>
    UnplacedTemplate,
}
