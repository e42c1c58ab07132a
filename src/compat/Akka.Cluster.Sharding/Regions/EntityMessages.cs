namespace Akka.Cluster.Sharding;

/// <summary>What a type's extractor says of a message, and of one in a <see cref="ShardingEnvelope"/>, which needs none.</summary>
internal sealed class EntityMessages(IMessageExtractor extractor)
{
    public string EntityId(object message) => message is ShardingEnvelope envelope ? envelope.EntityId : extractor.EntityId(message);

    public object Content(object message) => message is ShardingEnvelope envelope ? envelope.Message : extractor.EntityMessage(message);

    public string ShardId(string entityId, object message) => extractor.ShardId(entityId, message);
}
