using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster.Sharding;

public interface IShardRegionQuery
{
}

/// <summary>Asks a region which shards it has and which entities live in them; answered with <see cref="CurrentShardRegionState"/>.</summary>
public sealed class GetShardRegionState : IShardRegionQuery, IClusterShardingSerializable
{
    public static readonly GetShardRegionState Instance = new();

    private GetShardRegionState()
    {
    }
}

public sealed class CurrentShardRegionState : IClusterShardingSerializable, IEquatable<CurrentShardRegionState>
{
    public readonly IImmutableSet<ShardState> Shards;

    /// <summary>Shards that did not answer.</summary>
    public readonly IImmutableSet<string> Failed;

    public CurrentShardRegionState(IImmutableSet<ShardState> shards)
        : this(shards, ImmutableHashSet<string>.Empty)
    {
    }

    public CurrentShardRegionState(IImmutableSet<ShardState> shards, IImmutableSet<string> failed)
    {
        Shards = shards;
        Failed = failed;
    }

    public bool Equals(CurrentShardRegionState other) => other is not null && Shards.SetEquals(other.Shards) && Failed.SetEquals(other.Failed);

    public override bool Equals(object obj) => Equals(obj as CurrentShardRegionState);

    public override int GetHashCode() => HashCode.Combine(Shards.Count, Failed.Count);
}

public sealed class ShardState : IClusterShardingSerializable, IEquatable<ShardState>
{
    public readonly string ShardId;

    public readonly IImmutableSet<string> EntityIds;

    public ShardState(string shardId, IImmutableSet<string> entityIds)
    {
        ShardId = shardId;
        EntityIds = entityIds;
    }

    public bool Equals(ShardState other) => other is not null && ShardId == other.ShardId && EntityIds.SetEquals(other.EntityIds);

    public override bool Equals(object obj) => Equals(obj as ShardState);

    public override int GetHashCode() => HashCode.Combine(ShardId, EntityIds.Count);
}

/// <summary>Asks where the regions of a type are; answered with <see cref="CurrentRegions"/> by the coordinator.</summary>
public sealed class GetCurrentRegions : IShardRegionQuery, IClusterShardingSerializable
{
    public static readonly GetCurrentRegions Instance = new();

    private GetCurrentRegions()
    {
    }
}

public sealed class CurrentRegions : IClusterShardingSerializable, IEquatable<CurrentRegions>
{
    public readonly IImmutableSet<Address> Regions;

    public CurrentRegions(IImmutableSet<Address> regions) => Regions = regions;

    public bool Equals(CurrentRegions other) => other is not null && Regions.SetEquals(other.Regions);

    public override bool Equals(object obj) => Equals(obj as CurrentRegions);

    public override int GetHashCode() => Regions.Count;
}
