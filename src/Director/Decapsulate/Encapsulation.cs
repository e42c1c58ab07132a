namespace Director.Decapsulate;

/// <summary>What lies between the outer IP header and the inner packet.</summary>
internal enum Encapsulation
{
    /// <summary>Nothing (RFC 2003, RFC 4213, RFC 2473).</summary>
    Ip,

    /// <summary>A GRE header (RFC 2784, RFC 2890).</summary>
    Gre,

    /// <summary>A GUE header (draft-ietf-intarea-gue), behind the UDP header that the kernel has taken off.</summary>
    Gue,
}

/// <summary>What became of a packet.</summary>
internal enum Verdict
{
    /// <summary>The inner packet goes to the kernel.</summary>
    Delivered,

    /// <summary>A length or a version is wrong, or the inner header's checksum.</summary>
    Malformed,

    /// <summary>A header of the encapsulation asks for what is not done here.</summary>
    Unsupported,

    /// <summary>The inner packet is encapsulated itself.</summary>
    Nested,

    /// <summary>The inner packet is not for a VIP.</summary>
    NotForVip,

    /// <summary>The sender is not one of the directors.</summary>
    NotFromDirector,

    /// <summary>The TUN device did not take it.</summary>
    Refused,
}
