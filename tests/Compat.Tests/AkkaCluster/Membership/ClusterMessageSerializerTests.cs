using System.Collections.Immutable;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Membership;
using Akka.Cluster.Serialization;
using Xunit;

namespace Compat.Tests.AkkaCluster.Membership;

public sealed class ClusterMessageSerializerTests : IDisposable
{
    private static readonly UniqueAddress One = new(VirtualCluster.AddressOf(1), 11);
    private static readonly UniqueAddress Two = new(VirtualCluster.AddressOf(2), -22);

    private readonly ActorSystem _system = ActorSystem.Create("wire", "akka.loglevel = OFF\nakka.stdout-loglevel = OFF");
    private readonly ClusterMessageSerializer _serializer;

    public ClusterMessageSerializerTests() => _serializer = new ClusterMessageSerializer((ExtendedActorSystem)_system);

    public void Dispose() => _system.Terminate().Wait(ClusterSystem.Patience);

    [Fact]
    public void Every_message_comes_back_as_it_was()
    {
        Assert.Equal(new InitJoin(One.Address), Copy(new InitJoin(One.Address)));
        Assert.Equal(new InitJoinAck(One.Address), Copy(new InitJoinAck(One.Address)));
        Assert.Equal(new InitJoinNack(One.Address), Copy(new InitJoinNack(One.Address)));
        Assert.Equal(new ExitingConfirmed(Two), Copy(new ExitingConfirmed(Two)));
        Assert.Equal(new Heartbeat(One, 7), Copy(new Heartbeat(One, 7)));
        Assert.Equal(new HeartbeatAnswer(Two, long.MaxValue), Copy(new HeartbeatAnswer(Two, long.MaxValue)));
        var join = Copy(new Join(One, ["director", "spare"]));
        Assert.Equal(One, join.Node);
        Assert.True(join.Roles.SetEquals(["director", "spare"]));
        var status = Copy(new GossipStatus(One, View().Version, View().Seen));
        Assert.Equal((One, View().Version.ToString()), (status.From, status.Version.ToString()));
        Assert.Equal(View().Seen, status.Seen);
        var welcome = Copy(new Welcome(One, View()));
        Assert.Equal(One, welcome.From);
        AssertSame(View(), welcome.Gossip);
        var gossip = Copy(new GossipEnvelope(One, Two, View()));
        Assert.Equal((One, Two), (gossip.From, gossip.To));
        AssertSame(View(), gossip.Gossip);
    }

    [Fact]
    public void Every_wire_message_is_known()
    {
        foreach (var type in typeof(IClusterWireMessage).Assembly.GetTypes().Where(type => type.IsClass && typeof(IClusterWireMessage).IsAssignableFrom(type)))
        {
            Assert.NotEmpty(_serializer.Manifest(System.Runtime.CompilerServices.RuntimeHelpers.GetUninitializedObject(type)));
        }
    }

    [Fact]
    public void Broken_bytes_are_refused_and_nothing_else_happens()
    {
        var random = new Random(4);
        foreach (var message in new IClusterWireMessage[] { new Welcome(One, View()), new GossipStatus(One, View().Version, View().Seen), new Join(One, ["director"]), new Heartbeat(One, 1) })
        {
            var manifest = _serializer.Manifest(message);
            var bytes = _serializer.ToBinary(message);
            for (var length = 0; length < bytes.Length; length++)
            {
                Assert.Throws<SerializationException>(() => _serializer.FromBinary(bytes[..length], manifest));
            }

            for (var i = 0; i < 2000; i++)
            {
                var garbled = (byte[])bytes.Clone();
                garbled[random.Next(garbled.Length)] = (byte)random.Next(256);
                garbled[random.Next(garbled.Length)] = (byte)random.Next(256);
                var cause = Record.Exception(() => _serializer.FromBinary(garbled, manifest));
                Assert.True(cause is null or SerializationException, $"{manifest}: {cause}");
            }
        }

        Assert.Throws<SerializationException>(() => _serializer.FromBinary([], "unknown"));
    }

    private static Gossip View()
    {
        var (former, at) = (new UniqueAddress(VirtualCluster.AddressOf(3), 33), DateTimeOffset.FromUnixTimeMilliseconds(1_700_000_000_123));
        return Gossip.Empty
            .With(new Member(One, 3, MemberStatus.Up, ["director"]))
            .With(new Member(Two, Member.NotYetUp, MemberStatus.Joining, []))
            .With(One, Two, Observation.Unreachable)
            .ChangedBy(One).ChangedBy(Two).ChangedBy(One).SeenBy(Two)
            .Remove([former], at);
    }

    private static void AssertSame(Gossip expected, Gossip actual)
    {
        Assert.Equal(expected.Members.Values.Select(member => member.ToString()), actual.Members.Values.Select(member => member.ToString()));
        Assert.Equal(expected.Seen, actual.Seen);
        Assert.Equal(expected.Version.ToString(), actual.Version.ToString());
        Assert.Equal(expected.Tombstones, actual.Tombstones);
        var (observer, observations) = Assert.Single(actual.Reachability.Observers);
        Assert.Equal(One, observer);
        Assert.Equal(expected.Reachability.Observers[One].Version, observations.Version);
        Assert.Equal(ImmutableSortedDictionary<UniqueAddress, Observation>.Empty.Add(Two, Observation.Unreachable), observations.NotReachable);
    }

    private T Copy<T>(T message) => (T)_serializer.FromBinary(_serializer.ToBinary(message), _serializer.Manifest(message));
}
