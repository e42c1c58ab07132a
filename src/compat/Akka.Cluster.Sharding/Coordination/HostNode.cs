namespace Akka.Cluster.Sharding;

/// <summary>A member that may have shards: it has been Up, has the role, and is not removed.</summary>
/// <param name="Node">This incarnation of it.</param>
/// <param name="TakesShards">It stays, as far as anybody knows: it is Up.</param>
/// <param name="IsReachable">By the cluster's failure detector.</param>
internal readonly record struct HostNode(UniqueAddress Node, bool TakesShards, bool IsReachable);
