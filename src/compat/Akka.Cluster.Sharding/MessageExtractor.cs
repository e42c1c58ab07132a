namespace Akka.Cluster.Sharding;

/// <summary>What of a message names its entity, what the entity receives, and which shard the entity is in.</summary>
public interface IMessageExtractor
{
    /// <summary>Null for a message that is for no entity.</summary>
    string EntityId(object message);

    object EntityMessage(object message);

    [Obsolete("Use ShardId(EntityId, object) instead.")]
    string ShardId(object message);

    string ShardId(string entityId, object messageHint = null);
}

/// <summary>Spreads entities over a fixed number of shards by a hash of their ids. The number must be the same on every node of the cluster.</summary>
public abstract class HashCodeMessageExtractor : IMessageExtractor
{
    public readonly int MaxNumberOfShards;

    protected HashCodeMessageExtractor(int maxNumberOfShards) => MaxNumberOfShards = maxNumberOfShards;

    public static HashCodeMessageExtractor Create(int maxNumberOfShards, Func<object, string> entityIdExtractor, Func<object, object> messageExtractor = null) =>
        new Given(maxNumberOfShards, entityIdExtractor, messageExtractor ?? (message => message));

    public abstract string EntityId(object message);

    public virtual object EntityMessage(object message) => message;

    [Obsolete("Use ShardId(string, object?) instead. Since v1.5.15")]
    public virtual string ShardId(object message) => EntityId(message) is { } entityId ? ShardId(entityId, message) : null;

    public virtual string ShardId(string entityId, object messageHint = null) =>
        ((int)(StableHash(entityId) % (uint)MaxNumberOfShards)).ToString(System.Globalization.CultureInfo.InvariantCulture);

    /// <summary>FNV-1a over the characters: string.GetHashCode differs from process to process.</summary>
    private static uint StableHash(string text)
    {
        var hash = 2166136261u;
        foreach (var character in text)
        {
            hash = (hash ^ (byte)character) * 16777619;
            hash = (hash ^ (byte)(character >> 8)) * 16777619;
        }

        return hash;
    }

    private sealed class Given(int maxNumberOfShards, Func<object, string> entityId, Func<object, object> entityMessage) : HashCodeMessageExtractor(maxNumberOfShards)
    {
        public override string EntityId(object message) => entityId(message);

        public override object EntityMessage(object message) => entityMessage(message);
    }
}
