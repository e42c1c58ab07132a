using System.Collections.Immutable;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Compat.Tests.Akka;
using Xunit;

namespace Compat.Tests.AkkaClusterSharding.Inside;

public sealed class SerializerTests : QuietTestKit
{
    private readonly UniqueAddress _node = new(new Address("akka.tcp", "sim", "host", 1000), -5);

    private IEnumerable<object> Messages =>
    [
        new RegionInvited(long.MaxValue),
        new RegisterRegion(_node, IsProxy: true, ["a", "b/ü", ""], 3),
        new RegionRegistered(_node),
        new GetShardHome("a"),
        new ShardHome("a", TestActor),
        new BeginHandOff("a", 1),
        new BeginHandOffAck("a", 2),
        new HandOff("a", 3),
        new ShardStopped("a", 4),
        new ShutDownRegion(),
        new ShardingEnvelope("id", "text"),
        GetCurrentRegions.Instance,
        new CurrentRegions([_node.Address]),
        GetShardRegionState.Instance,
        new CurrentShardRegionState([new ShardState("a", ["x", "y"]), new ShardState("b", [])], ["c"]),
        new ShardState("a", ["x"]),
    ];

    [Fact]
    public void Every_message_comes_back_as_it_was()
    {
        var serializer = new ShardingMessageSerializer((ExtendedActorSystem)Sys);
        foreach (var message in Messages)
        {
            var read = serializer.FromBinary(serializer.ToBinary(message), serializer.Manifest(message));
            if (message is RegisterRegion register)
            {
                var registration = Assert.IsType<RegisterRegion>(read);
                Assert.Equal(register.Shards, registration.Shards);
                Assert.Equal(register, registration with { Shards = register.Shards });
            }
            else
            {
                Assert.Equal(message, read);
            }
        }

        var wire = typeof(IClusterShardingSerializable);
        Assert.Equal(
            wire.Assembly.GetTypes().Where(type => wire.IsAssignableFrom(type) && !type.IsInterface).Select(type => type.Name).Order(),
            Messages.Select(message => message.GetType().Name).Order());
    }

    [Fact]
    public void Truncated_and_foreign_bytes_are_refused()
    {
        var serializer = new ShardingMessageSerializer((ExtendedActorSystem)Sys);
        foreach (var message in Messages)
        {
            var bytes = serializer.ToBinary(message);
            for (var length = 0; length < bytes.Length; length++)
            {
                Assert.Throws<SerializationException>(() => serializer.FromBinary(bytes[..length], serializer.Manifest(message)));
            }
        }

        Assert.Throws<SerializationException>(() => serializer.FromBinary([], "unheard-of"));
        Assert.Throws<SerializationException>(() => serializer.FromBinary([0x03, (byte)'x', (byte)'y', (byte)'z', 0x00], "registered"));
        Assert.Throws<SerializationException>(() => serializer.Manifest("text"));
    }
}
