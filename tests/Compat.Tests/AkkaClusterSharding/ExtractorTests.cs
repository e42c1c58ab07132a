using Akka.Cluster.Sharding;
using Xunit;

namespace Compat.Tests.AkkaClusterSharding;

public sealed class ExtractorTests
{
    [Fact]
    public void A_hash_spreads_ids_over_the_shards_the_same_way_every_time()
    {
        var extractor = HashCodeMessageExtractor.Create(10, message => message as string);
        var ids = Enumerable.Range(0, 1000).Select(number => $"service-{number}").ToArray();
        var shards = ids.Select(id => extractor.ShardId(id)).ToArray();
        Assert.Equal(Enumerable.Range(0, 10).Select(shard => $"{shard}").Order(), shards.Distinct().Order());
        Assert.All(shards.CountBy(shard => shard), shard => Assert.InRange(shard.Value, 50, 200));
        Assert.Equal(shards, ids.Select(id => HashCodeMessageExtractor.Create(10, message => message as string).ShardId(id, id)));
    }

    [Fact]
    public void Messages_are_taken_out_of_their_envelopes_only_when_asked_to()
    {
        var plain = HashCodeMessageExtractor.Create(10, message => message as string);
        Assert.Equal(("id", "id"), (plain.EntityId("id"), plain.EntityMessage("id")));
        Assert.Null(plain.EntityId(5));
        var opening = HashCodeMessageExtractor.Create(10, message => (message as string)?.Split(':')[0], message => ((string)message).Split(':')[1]);
        Assert.Equal(("id", "content"), (opening.EntityId("id:content"), opening.EntityMessage("id:content")));
    }
}
