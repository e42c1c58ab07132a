namespace Akka.Cluster.Sharding;

/// <summary>A message with the id of its entity, for messages that do not carry it.</summary>
public sealed class ShardingEnvelope : IClusterShardingSerializable, IEquatable<ShardingEnvelope>
{
    public ShardingEnvelope(string entityId, object message)
    {
        EntityId = entityId;
        Message = message;
    }

    public string EntityId { get; }

    public object Message { get; }

    public bool Equals(ShardingEnvelope other) => other is not null && EntityId == other.EntityId && Equals(Message, other.Message);

    public override bool Equals(object obj) => Equals(obj as ShardingEnvelope);

    public override int GetHashCode() => HashCode.Combine(EntityId, Message);

    public override string ToString() => $"ShardingEnvelope({EntityId}, {Message})";
}

/// <summary>Goes between nodes by <see cref="ShardingMessageSerializer"/>.</summary>
internal interface IClusterShardingSerializable
{
}
