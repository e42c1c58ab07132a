using System.Collections.Immutable;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;

namespace Akka.Cluster.Sharding;

/// <summary>The messages between regions and coordinators, and those of the public ones that may go to another node.</summary>
internal sealed class ShardingMessageSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public override int Identifier => 13;

    public override string Manifest(object o) => o switch
    {
        RegionInvited => "invited",
        RegisterRegion => "register",
        RegionRegistered => "registered",
        GetShardHome => "get-home",
        ShardHome => "home",
        BeginHandOff => "begin-hand-off",
        BeginHandOffAck => "begin-hand-off-ack",
        HandOff => "hand-off",
        ShardStopped => "stopped",
        ShutDownRegion => "shut-down",
        ShardingEnvelope => "envelope",
        GetCurrentRegions => "get-regions",
        CurrentRegions => "regions",
        GetShardRegionState => "get-state",
        CurrentShardRegionState => "state",
        ShardState => "shard",
        _ => throw new SerializationException($"{o?.GetType()} is no message of sharding"),
    };

    public override byte[] ToBinary(object obj)
    {
        using var fields = new FieldWriter(system.Serialization);
        switch (obj)
        {
            case RegionInvited invited:
                fields.Number(invited.Number);
                break;
            case RegisterRegion register:
                Write(fields, register.Node).Flag(register.IsProxy).Texts(register.Shards).Number(register.Invitation);
                break;
            case RegionRegistered registered:
                Write(fields, registered.Node);
                break;
            case GetShardHome get:
                fields.Text(get.Shard);
                break;
            case ShardHome home:
                fields.Text(home.Shard).Actor(home.Region);
                break;
            case BeginHandOff begin:
                fields.Text(begin.Shard).Number(begin.Number);
                break;
            case BeginHandOffAck ack:
                fields.Text(ack.Shard).Number(ack.Number);
                break;
            case HandOff handOff:
                fields.Text(handOff.Shard).Number(handOff.Number);
                break;
            case ShardStopped stopped:
                fields.Text(stopped.Shard).Number(stopped.Number);
                break;
            case ShardingEnvelope envelope:
                fields.Text(envelope.EntityId).Object(envelope.Message);
                break;
            case CurrentRegions regions:
                fields.Texts([.. regions.Regions.Select(address => address.ToString())]);
                break;
            case CurrentShardRegionState state:
                fields.Number(state.Shards.Count);
                foreach (var shard in state.Shards)
                {
                    Write(fields, shard);
                }

                fields.Texts([.. state.Failed]);
                break;
            case ShardState shard:
                Write(fields, shard);
                break;
        }

        return fields.ToArray();
    }

    public override object FromBinary(byte[] bytes, string manifest)
    {
        var fields = new FieldReader(system.Serialization, bytes);
        switch (manifest)
        {
            case "invited":
                return new RegionInvited(fields.Number());
            case "register":
                return new RegisterRegion(ReadNode(ref fields), fields.Flag(), fields.Texts(), fields.Number());
            case "registered":
                return new RegionRegistered(ReadNode(ref fields));
            case "get-home":
                return new GetShardHome(fields.Text());
            case "home":
                return new ShardHome(fields.Text(), fields.Actor() ?? throw new SerializationException("a home is no actor"));
            case "begin-hand-off":
                return new BeginHandOff(fields.Text(), fields.Number());
            case "begin-hand-off-ack":
                return new BeginHandOffAck(fields.Text(), fields.Number());
            case "hand-off":
                return new HandOff(fields.Text(), fields.Number());
            case "stopped":
                return new ShardStopped(fields.Text(), fields.Number());
            case "shut-down":
                return new ShutDownRegion();
            case "envelope":
                return new ShardingEnvelope(fields.Text(), fields.Object());
            case "get-regions":
                return GetCurrentRegions.Instance;
            case "regions":
                return new CurrentRegions(fields.Texts().Select(ReadAddress).ToImmutableHashSet());
            case "get-state":
                return GetShardRegionState.Instance;
            case "state":
                var shards = ImmutableHashSet.CreateBuilder<ShardState>();
                for (var rest = fields.Number(); rest > 0; rest--)
                {
                    shards.Add(ReadShard(ref fields));
                }

                return new CurrentShardRegionState(shards.ToImmutable(), fields.Texts().ToImmutableHashSet());
            case "shard":
                return ReadShard(ref fields);
            default:
                throw new SerializationException($"'{manifest}' is no message of sharding");
        }
    }

    private static FieldWriter Write(FieldWriter fields, UniqueAddress node) => fields.Text(node.Address.ToString()).Number(node.Uid);

    private static FieldWriter Write(FieldWriter fields, ShardState shard) => fields.Text(shard.ShardId).Texts([.. shard.EntityIds]);

    private static UniqueAddress ReadNode(ref FieldReader fields) => new(ReadAddress(fields.Text()), (int)fields.Number());

    private static ShardState ReadShard(ref FieldReader fields) => new(fields.Text(), fields.Texts().ToImmutableHashSet());

    private static Address ReadAddress(string text) => Address.TryParse(text, out var address) ? address : throw new SerializationException($"'{text}' is no address");
}
