using System.Collections.Immutable;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Cluster.Membership;
using Akka.Serialization;

namespace Akka.Cluster.Serialization;

/// <summary>What cluster nodes send each other, as bytes. Not what the real package writes: nodes of the two do not meet.</summary>
internal sealed class ClusterMessageSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    /// <summary>A hostile count must not take the memory.</summary>
    private const int MostEntries = 100_000;

    public override int Identifier => 5;

    public override string Manifest(object o) => o switch
    {
        InitJoin => "init-join",
        InitJoinAck => "init-join-ack",
        InitJoinNack => "init-join-nack",
        Join => "join",
        Welcome => "welcome",
        GossipStatus => "status",
        GossipEnvelope => "gossip",
        ExitingConfirmed => "exiting",
        Heartbeat => "heartbeat",
        HeartbeatAnswer => "answer",
        _ => throw new SerializationException($"{o?.GetType()} is none of the cluster's messages"),
    };

    public override byte[] ToBinary(object obj)
    {
        using var fields = new FieldWriter(system.Serialization);
        switch (obj)
        {
            case InitJoin message:
                fields.Text(message.From.ToString());
                break;
            case InitJoinAck message:
                fields.Text(message.From.ToString());
                break;
            case InitJoinNack message:
                fields.Text(message.From.ToString());
                break;
            case Join message:
                Write(fields, message.Node);
                fields.Texts(message.Roles);
                break;
            case Welcome message:
                Write(fields, message.From);
                Write(fields, message.Gossip);
                break;
            case GossipStatus message:
                Write(fields, message.From);
                Write(fields, message.Version);
                Write(fields, message.Seen);
                break;
            case GossipEnvelope message:
                Write(fields, message.From);
                Write(fields, message.To);
                Write(fields, message.Gossip);
                break;
            case ExitingConfirmed message:
                Write(fields, message.Node);
                break;
            case Heartbeat message:
                Write(fields, message.From);
                fields.Number(message.Number);
                break;
            case HeartbeatAnswer message:
                Write(fields, message.From);
                fields.Number(message.Number);
                break;
            default:
                throw new SerializationException($"{obj?.GetType()} is none of the cluster's messages");
        }

        return fields.ToArray();
    }

    public override object FromBinary(byte[] bytes, string manifest)
    {
        var fields = new FieldReader(system.Serialization, bytes);
        return manifest switch
        {
            "init-join" => new InitJoin(ReadAddress(ref fields)),
            "init-join-ack" => new InitJoinAck(ReadAddress(ref fields)),
            "init-join-nack" => new InitJoinNack(ReadAddress(ref fields)),
            "join" => new Join(ReadNode(ref fields), [.. fields.Texts()]),
            "welcome" => new Welcome(ReadNode(ref fields), ReadGossip(ref fields)),
            "status" => new GossipStatus(ReadNode(ref fields), ReadVersion(ref fields), ReadNodes(ref fields)),
            "gossip" => new GossipEnvelope(ReadNode(ref fields), ReadNode(ref fields), ReadGossip(ref fields)),
            "exiting" => new ExitingConfirmed(ReadNode(ref fields)),
            "heartbeat" => new Heartbeat(ReadNode(ref fields), fields.Number()),
            "answer" => new HeartbeatAnswer(ReadNode(ref fields), fields.Number()),
            _ => throw new SerializationException($"no cluster message is called '{manifest}'"),
        };
    }

    private static void Write(FieldWriter fields, UniqueAddress node) => fields.Text(node.Address.ToString()).Number(node.Uid);

    private static void Write(FieldWriter fields, ImmutableSortedSet<UniqueAddress> nodes)
    {
        fields.Number(nodes.Count);
        foreach (var node in nodes)
        {
            Write(fields, node);
        }
    }

    private static void Write(FieldWriter fields, VectorClock version)
    {
        fields.Number(version.Changes.Count);
        foreach (var (node, count) in version.Changes)
        {
            Write(fields, node);
            fields.Number(count);
        }
    }

    private static void Write(FieldWriter fields, Gossip gossip)
    {
        Write(fields, gossip.Version);
        Write(fields, gossip.Seen);
        fields.Number(gossip.Members.Count);
        foreach (var member in gossip.Members.Values)
        {
            Write(fields, member.UniqueAddress);
            fields.Number(member.UpNumber).Number((int)member.Status).Texts(member.Roles);
        }

        fields.Number(gossip.Reachability.Observers.Count);
        foreach (var (observer, observations) in gossip.Reachability.Observers)
        {
            Write(fields, observer);
            fields.Number(observations.Version).Number(observations.NotReachable.Count);
            foreach (var (node, status) in observations.NotReachable)
            {
                Write(fields, node);
                fields.Number((int)status);
            }
        }

        fields.Number(gossip.Tombstones.Count);
        foreach (var (node, at) in gossip.Tombstones)
        {
            Write(fields, node);
            fields.Number(at.ToUnixTimeMilliseconds());
        }
    }

    private static Address ReadAddress(ref FieldReader fields) =>
        Address.TryParse(fields.Text(), out var address) ? address : throw new SerializationException("a cluster message names no address");

    private static UniqueAddress ReadNode(ref FieldReader fields) => new(ReadAddress(ref fields), (int)fields.Number());

    private static int ReadCount(ref FieldReader fields) =>
        fields.Number() is var count and >= 0 and <= MostEntries ? (int)count : throw new SerializationException("a cluster message counts more than it can hold");

    private static ImmutableSortedSet<UniqueAddress> ReadNodes(ref FieldReader fields)
    {
        var nodes = ImmutableSortedSet.CreateBuilder<UniqueAddress>();
        for (var rest = ReadCount(ref fields); rest > 0; rest--)
        {
            nodes.Add(ReadNode(ref fields));
        }

        return nodes.ToImmutable();
    }

    private static VectorClock ReadVersion(ref FieldReader fields)
    {
        var changes = ImmutableSortedDictionary.CreateBuilder<UniqueAddress, long>();
        for (var rest = ReadCount(ref fields); rest > 0; rest--)
        {
            changes[ReadNode(ref fields)] = fields.Number();
        }

        return new VectorClock(changes.ToImmutable());
    }

    private static Gossip ReadGossip(ref FieldReader fields)
    {
        var (version, seen) = (ReadVersion(ref fields), ReadNodes(ref fields));
        var members = Gossip.Empty.Members.ToBuilder();
        for (var rest = ReadCount(ref fields); rest > 0; rest--)
        {
            var member = new Member(ReadNode(ref fields), (int)fields.Number(), Defined((MemberStatus)fields.Number()), [.. fields.Texts()]);
            members[member.UniqueAddress] = member;
        }

        var observers = ImmutableSortedDictionary.CreateBuilder<UniqueAddress, Reachability.Observations>();
        for (var rest = ReadCount(ref fields); rest > 0; rest--)
        {
            var observer = ReadNode(ref fields);
            observers[observer] = ReadObservations(ref fields);
        }

        var tombstones = ImmutableSortedDictionary.CreateBuilder<UniqueAddress, DateTimeOffset>();
        for (var rest = ReadCount(ref fields); rest > 0; rest--)
        {
            tombstones[ReadNode(ref fields)] = ReadTime(ref fields);
        }

        return new Gossip
        {
            Version = version, Seen = seen, Members = members.ToImmutable(), Reachability = new Reachability(observers.ToImmutable()), Tombstones = tombstones.ToImmutable(),
        };
    }

    private static Reachability.Observations ReadObservations(ref FieldReader fields)
    {
        var version = fields.Number();
        var notReachable = ImmutableSortedDictionary.CreateBuilder<UniqueAddress, Observation>();
        for (var rest = ReadCount(ref fields); rest > 0; rest--)
        {
            notReachable[ReadNode(ref fields)] = Defined((Observation)fields.Number());
        }

        return new Reachability.Observations(version, notReachable.ToImmutable());
    }

    private static DateTimeOffset ReadTime(ref FieldReader fields)
    {
        try
        {
            return DateTimeOffset.FromUnixTimeMilliseconds(fields.Number());
        }
        catch (ArgumentOutOfRangeException cause)
        {
            throw new SerializationException("a cluster message holds no time", cause);
        }
    }

    private static T Defined<T>(T value)
        where T : struct, Enum => Enum.IsDefined(value) ? value : throw new SerializationException($"{value} is no {typeof(T).Name}");
}
