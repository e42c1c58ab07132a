using System.Net.NetworkInformation;
using System.Security.Cryptography;
using System.Text;
using Director.Configuration;
using Director.Forwarding;

namespace Director.Cluster.Partitioning;

/// <summary>A group whose clients the directors share.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Sense">What of a packet decides its block.</param>
/// <param name="Weight">This director's share beside the others, 0 to 1,000.</param>
/// <param name="SharedMac">The MAC address that all directors answer with.</param>
/// <param name="JoinWait">How long this director waits at most to be synchronised before it takes part.</param>
public sealed record PartitionedGroup(string Name, BlockSense Sense, int Weight, PhysicalAddress SharedMac, TimeSpan JoinWait)
{
    /// <summary>A group as it is configured.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="partition">Its partition.</param>
    /// <param name="cluster">Name of the cluster.</param>
    public static PartitionedGroup From(string name, PartitionConfiguration partition, string cluster)
    {
        ArgumentNullException.ThrowIfNull(partition);
        return new(name, SenseOf(partition.Sense), partition.Weight, partition.SharedMac ?? MacOf(cluster), partition.JoinWait);
    }

    /// <summary>The MAC address of a cluster that is given none: unicast, locally administered, and another for another name.</summary>
    public static PhysicalAddress MacOf(string cluster) => new([0x02, .. SHA256.HashData(Encoding.UTF8.GetBytes($"director partition {cluster}")).AsSpan(0, 5)]);

    private static BlockSense SenseOf(PartitionSense sense) => sense switch
    {
        PartitionSense.SourcePort => BlockSense.SourcePort,
        PartitionSense.SourceAddress => BlockSense.SourceAddress,
        _ => BlockSense.Source,
    };
}
