using System.Net.NetworkInformation;

namespace Director.Configuration;

/// <summary>What of a packet decides its block (Saru's <c>--sense</c>). For masqueraded connections the destination stands for the source.</summary>
public enum PartitionSense
{
    /// <summary>The client's port.</summary>
    SourcePort,

    /// <summary>The client's address.</summary>
    SourceAddress,

    /// <summary>The client's address and port.</summary>
    Source,
}

/// <summary>How active directors share the clients.</summary>
public sealed record PartitionConfiguration
{
    /// <summary>What of a packet decides its block.</summary>
    public PartitionSense Sense { get; init; } = PartitionSense.Source;

    /// <summary>This director's share beside the others, 0 to 1,000; 0 takes none.</summary>
    public int Weight { get; init; } = 100;

    /// <summary>The MAC that all directors answer with, unicast and locally administered or multicast; null: derived from the cluster's name. One on a segment.</summary>
    public PhysicalAddress? SharedMac { get; init; }

    /// <summary>How long a joiner may wait to be synchronised before it takes part: 0 to 10 min.</summary>
    public TimeSpan JoinWait { get; init; } = TimeSpan.FromSeconds(30);
}
