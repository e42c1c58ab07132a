using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>
/// What regions and coordinators tell each other. Any of these may be lost; those from one actor to another arrive in order. The sender is the region or the coordinator that speaks.
/// </summary>
internal interface IShardingMessage : IClusterShardingSerializable
{
}

/// <summary>
/// A coordinator asks for a region's <see cref="RegisterRegion"/>. <paramref name="Number"/> is that of the coordinator's term of office: a registration in answer to it was sent after all orders of a former term by the same node had come.
/// </summary>
internal sealed record RegionInvited(long Number) : IShardingMessage;

/// <summary>A region puts itself under a coordinator's orders, says what it has, and obeys no other coordinator from now on.</summary>
/// <param name="Node">The region's.</param>
/// <param name="IsProxy">It never has shards.</param>
/// <param name="Shards">What it has, those that stop included.</param>
/// <param name="Invitation">The number of the last invitation; 0: there was none.</param>
internal sealed record RegisterRegion(UniqueAddress Node, bool IsProxy, string[] Shards, long Invitation) : IShardingMessage;

/// <summary>The answer to <see cref="RegisterRegion"/>, with the coordinator's node.</summary>
internal sealed record RegionRegistered(UniqueAddress Node) : IShardingMessage;

internal sealed record GetShardHome(string Shard) : IShardingMessage;

/// <summary>Where a shard is. The region that it names has the shard from now on, if it did not before.</summary>
internal sealed record ShardHome(string Shard, IActorRef Region) : IShardingMessage;

/// <summary>The shard is about to move: forget where it is and keep what comes for it.</summary>
internal sealed record BeginHandOff(string Shard, long Number) : IShardingMessage;

internal sealed record BeginHandOffAck(string Shard, long Number) : IShardingMessage;

/// <summary>Stop the shard; answered with <see cref="ShardStopped"/> of the same number.</summary>
internal sealed record HandOff(string Shard, long Number) : IShardingMessage;

/// <summary>The region no longer has the shard. <paramref name="Number"/> is that of the <see cref="HandOff"/>; 0: the shard ended without one of this coordinator's.</summary>
internal sealed record ShardStopped(string Shard, long Number) : IShardingMessage;

/// <summary>The region wants to stop and its shards to move.</summary>
internal sealed record ShutDownRegion : IShardingMessage;
