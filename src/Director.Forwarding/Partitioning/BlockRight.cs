namespace Director.Forwarding.Partitioning;

/// <summary>What a director may do with a packet, by the block that its client is in.</summary>
internal enum BlockRight : byte
{
    /// <summary>Nothing: it is another director's.</summary>
    None,

    /// <summary>Forward it if it is of a known connection, but set up none.</summary>
    KnownConnections,

    /// <summary>Everything.</summary>
    Whole,
}
