using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Director.Configuration;

namespace Director.Cluster.Availability;

/// <summary>What a datagram carries.</summary>
internal enum HeartbeatKind : byte
{
    /// <summary>A <see cref="HeartbeatBody"/>.</summary>
    Heartbeat = 1,

    /// <summary>A payload: its number (16 bits) and its bytes.</summary>
    Payload = 2,
}

/// <summary>The outside of an authentic datagram of this cluster.</summary>
internal readonly ref struct HeartbeatEnvelope
{
    /// <summary>What it carries.</summary>
    public required HeartbeatKind Kind { get; init; }

    /// <summary>The sender's name in UTF-8.</summary>
    public required ReadOnlySpan<byte> Name { get; init; }

    /// <summary>The sender's start.</summary>
    public required ulong Boot { get; init; }

    /// <summary>Counts the sender's datagrams; on all links the same.</summary>
    public required ulong Sequence { get; init; }

    /// <summary>What it carries; not looked at yet.</summary>
    public required ReadOnlySpan<byte> Body { get; init; }
}

/// <summary>
/// Heartbeats as they stand on the wire, in UDP and in Ethernet frames alike. Numbers are in network order, texts are a length (one byte) and UTF-8:
/// <code>
/// "dir-hb/1" | length of all, 16 bits | kind, 8 | cluster's name | director's name | start, 64 | sequence, 64 | body | code, 256
/// </code>
/// Every byte of a received one may be an attacker's. Nothing of a datagram is used before its code was compared, but for its cluster's name.
/// </summary>
internal sealed class HeartbeatFormat
{
    /// <summary>Longest datagram in bytes: fits an Ethernet frame, also in IPv6.</summary>
    public const int MaxBytes = 1452;

    /// <summary>Other directors that one may hear.</summary>
    public const int MaxContacts = 24;

    /// <summary>Groups that a director may have.</summary>
    public const int MaxGroups = 64;

    /// <summary>Longest name of a cluster or a director in bytes.</summary>
    public const int MaxNameBytes = 64;

    /// <summary>Longest Akka address in bytes.</summary>
    public const int MaxAkkaAddressBytes = 128;

    private const int VersionOffset = 7, LengthOffset = 8, MinBytes = 11 + HeartbeatSeal.Length;
    private const byte Eligible = 1, Synchronised = 2, Stopping = 4, Goodbye = 8, ActiveActive = 16, AllFlags = 31;
    private const byte NoSuccessor = 255;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly HeartbeatSeal _seal;
    private readonly byte[] _cluster;

    /// <param name="cluster">The cluster's name.</param>
    /// <param name="seal">Made with the cluster's key.</param>
    public HeartbeatFormat(string cluster, HeartbeatSeal seal)
    {
        _seal = seal;
        _cluster = Encoding.UTF8.GetBytes(cluster);
    }

    private static ReadOnlySpan<byte> Magic => "dir-hb/1"u8;

    /// <summary>What heartbeats call a group: the first 64 bits of SHA-256 of its name, which is too long to be sent.</summary>
    public static ulong GroupId(string name) => BinaryPrimitives.ReadUInt64BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(name)));

    /// <summary>Writes a datagram.</summary>
    /// <returns>Its length.</returns>
    public int Write(Span<byte> to, HeartbeatKind kind, ReadOnlySpan<byte> name, ulong boot, ulong sequence, ReadOnlySpan<byte> body)
    {
        var writer = new SpanWriter(to);
        writer.Bytes(Magic);
        writer.UInt16(0);
        writer.Byte((byte)kind);
        writer.Text(_cluster);
        writer.Text(name);
        writer.UInt64(boot);
        writer.UInt64(sequence);
        writer.Bytes(body);
        var length = writer.Length + HeartbeatSeal.Length;
        BinaryPrimitives.WriteUInt16BigEndian(to[LengthOffset..], (ushort)length);
        _seal.Write(to[..writer.Length], to[writer.Length..length]);
        return length;
    }

    /// <summary>The body of a heartbeat.</summary>
    public static byte[] Encode(HeartbeatBody body)
    {
        var bytes = new byte[MaxBytes];
        var writer = new SpanWriter(bytes);
        writer.UInt64(body.Challenge);
        writer.UInt32((uint)body.Deadtime);
        writer.UInt64((ulong)body.Started.ToUnixTimeMilliseconds());
        writer.Byte(body.Priority);
        writer.Byte(body.PingNodes);
        writer.Byte(body.PingNodesReached);
        writer.Byte((byte)((body.IsEligible ? Eligible : 0) | (body.IsSynchronised ? Synchronised : 0) | (body.IsStopping ? Stopping : 0) | (body.IsGoodbye ? Goodbye : 0)
            | (body.Mode == AvailabilityMode.ActiveActive ? ActiveActive : 0)));
        writer.Text(Encoding.UTF8.GetBytes(body.AkkaAddress));
        writer.Bytes((body.Cluster?.Id ?? Guid.Empty).ToByteArray());
        writer.UInt64((ulong)(body.Cluster?.Formed.ToUnixTimeMilliseconds() ?? 0));
        writer.Text(body.Synchronisation is { } synchronisation ? synchronisation.Address.GetAddressBytes() : []);
        writer.UInt16((ushort)(body.Synchronisation?.Port ?? 0));
        writer.Byte((byte)body.Contacts.Length);
        foreach (var contact in body.Contacts)
        {
            writer.UInt64(contact.Boot);
            writer.UInt64(contact.Answer);
            writer.Byte(contact.IsAlive ? (byte)1 : (byte)0);
        }

        writer.Byte((byte)body.Groups.Length);
        foreach (var group in body.Groups)
        {
            writer.UInt64(group.Id);
            writer.Byte((byte)group.Role);
            writer.Byte(IndexOf(body.Contacts, group.Successor));
        }

        return bytes[..writer.Length];
    }

    /// <summary>The body of a payload.</summary>
    public static byte[] Encode(int number, ReadOnlySpan<byte> payload) => [(byte)(number >> 8), (byte)number, .. payload];

    /// <summary>Opens what a link received.</summary>
    /// <returns>Why it is not taken, or <see cref="HeartbeatFault.None"/>.</returns>
    public HeartbeatFault Open(ReadOnlySpan<byte> datagram, out HeartbeatEnvelope envelope)
    {
        envelope = default;
        if (datagram.Length < MinBytes || !datagram.StartsWith(Magic[..VersionOffset]))
            return HeartbeatFault.Unknown;
        if (datagram[VersionOffset] != Magic[VersionOffset])
            return HeartbeatFault.Version;
        var length = BinaryPrimitives.ReadUInt16BigEndian(datagram[LengthOffset..]);
        if (length > datagram.Length || length < MinBytes)
            return HeartbeatFault.Truncated;

        // Short frames were padded by a NIC.
        datagram = datagram[..length];
        var message = datagram[..^HeartbeatSeal.Length];
        var reader = new SpanReader(message[(LengthOffset + sizeof(ushort))..]);
        var kind = (HeartbeatKind)reader.Byte();
        var cluster = reader.Text();
        if (reader.HasFailed)
            return HeartbeatFault.Truncated;
        if (!cluster.SequenceEqual(_cluster))
            return HeartbeatFault.Foreign;
        if (!_seal.Matches(message, datagram[message.Length..]))
            return HeartbeatFault.Forged;

        envelope = new HeartbeatEnvelope { Kind = kind, Name = reader.Text(), Boot = reader.UInt64(), Sequence = reader.UInt64(), Body = reader.Rest };
        return reader.HasFailed || envelope.Name.Length is 0 or > MaxNameBytes || kind is not (HeartbeatKind.Heartbeat or HeartbeatKind.Payload) ? HeartbeatFault.Malformed : HeartbeatFault.None;
    }

    /// <summary>Reads the body of a heartbeat; null when it makes no sense.</summary>
    public static HeartbeatBody? ReadHeartbeat(ReadOnlySpan<byte> bytes)
    {
        var reader = new SpanReader(bytes);
        var challenge = reader.UInt64();
        var deadtime = reader.UInt32();
        var started = Time(reader.UInt64());
        var priority = reader.Byte();
        var pingNodes = reader.Byte();
        var reached = reader.Byte();
        var flags = reader.Byte();
        var akka = Text(reader.Text());
        var cluster = new Guid(reader.Bytes(16));
        var formed = Time(reader.UInt64());
        var address = reader.Text();
        var port = reader.UInt16();
        var contacts = ReadContacts(ref reader);
        var groups = ReadGroups(ref reader, contacts);
        if (reader.HasFailed || !reader.Rest.IsEmpty || deadtime is 0 or > int.MaxValue || started is null || formed is null || reached > pingNodes || (flags & ~AllFlags) != 0
            || akka is not { Length: <= MaxAkkaAddressBytes } || address.Length is not (0 or 4 or 16) || contacts.IsDefault || groups.IsDefault)
        {
            return null;
        }

        return new HeartbeatBody
        {
            Challenge = challenge,
            Deadtime = (int)deadtime,
            Started = started.Value,
            Priority = priority,
            PingNodes = pingNodes,
            PingNodesReached = reached,
            Mode = (flags & ActiveActive) != 0 ? AvailabilityMode.ActiveActive : AvailabilityMode.ActiveStandby,
            IsEligible = (flags & Eligible) != 0,
            IsSynchronised = (flags & Synchronised) != 0,
            IsStopping = (flags & Stopping) != 0,
            IsGoodbye = (flags & Goodbye) != 0,
            AkkaAddress = akka,
            Cluster = cluster == Guid.Empty ? null : new ClusterIdentity(cluster, formed.Value),
            Synchronisation = address.IsEmpty ? null : new IPEndPoint(new IPAddress(address), port),
            Contacts = contacts,
            Groups = groups,
        };
    }

    /// <summary>Reads the body of a payload. False when it makes no sense.</summary>
    public static bool TryReadPayload(ReadOnlySpan<byte> bytes, out int number, out ReadOnlySpan<byte> payload)
    {
        var reader = new SpanReader(bytes);
        number = reader.UInt16();
        payload = reader.Rest;
        return !reader.HasFailed && payload.Length <= IHeardDirectors.MaxPayloadBytes;
    }

    /// <summary>A name of the wire; null when it is no UTF-8 or has characters that would garble a log.</summary>
    public static string? Text(ReadOnlySpan<byte> utf8)
    {
        try
        {
            var text = StrictUtf8.GetString(utf8);
            return text.Any(char.IsControl) ? null : text;
        }
        catch (DecoderFallbackException)
        {
            return null;
        }
    }

    private static byte IndexOf(ImmutableArray<HeartbeatContact> contacts, ulong boot)
    {
        for (var i = 0; i < contacts.Length; i++)
        {
            if (contacts[i].Boot == boot)
                return (byte)i;
        }

        return NoSuccessor;
    }

    private static ImmutableArray<HeartbeatContact> ReadContacts(ref SpanReader reader)
    {
        var count = reader.Byte();
        if (count > MaxContacts)
            return default;
        var contacts = ImmutableArray.CreateBuilder<HeartbeatContact>(count);
        for (var i = 0; i < count; i++)
            contacts.Add(new HeartbeatContact(reader.UInt64(), reader.UInt64(), reader.Byte() != 0));
        return contacts.MoveToImmutable();
    }

    private static ImmutableArray<HeartbeatGroup> ReadGroups(ref SpanReader reader, ImmutableArray<HeartbeatContact> contacts)
    {
        var count = reader.Byte();
        if (count > MaxGroups || contacts.IsDefault)
            return default;
        var groups = ImmutableArray.CreateBuilder<HeartbeatGroup>(count);
        for (var i = 0; i < count; i++)
        {
            var id = reader.UInt64();
            var role = (GroupRole)reader.Byte();
            var successor = reader.Byte();
            if (role > GroupRole.Leaves || (successor != NoSuccessor && successor >= contacts.Length))
                return default;
            groups.Add(new HeartbeatGroup(id, role, successor == NoSuccessor ? 0 : contacts[successor].Boot));
        }

        return groups.MoveToImmutable();
    }

    private static DateTimeOffset? Time(ulong milliseconds) =>
        milliseconds <= (ulong)DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() ? DateTimeOffset.FromUnixTimeMilliseconds((long)milliseconds) : null;

    private ref struct SpanWriter(Span<byte> to)
    {
        private readonly Span<byte> _to = to;

        public int Length { get; private set; }

        public void Byte(byte value) => _to[Length++] = value;

        public void UInt16(ushort value)
        {
            BinaryPrimitives.WriteUInt16BigEndian(_to[Length..], value);
            Length += sizeof(ushort);
        }

        public void UInt32(uint value)
        {
            BinaryPrimitives.WriteUInt32BigEndian(_to[Length..], value);
            Length += sizeof(uint);
        }

        public void UInt64(ulong value)
        {
            BinaryPrimitives.WriteUInt64BigEndian(_to[Length..], value);
            Length += sizeof(ulong);
        }

        public void Bytes(ReadOnlySpan<byte> bytes)
        {
            bytes.CopyTo(_to[Length..]);
            Length += bytes.Length;
        }

        public void Text(ReadOnlySpan<byte> utf8)
        {
            Byte((byte)utf8.Length);
            Bytes(utf8);
        }
    }

    /// <summary>Reads zeros beyond the end, and remembers that it did.</summary>
    private ref struct SpanReader(ReadOnlySpan<byte> from)
    {
        private static readonly byte[] Zeros = new byte[16];

        public ReadOnlySpan<byte> Rest { get; private set; } = from;

        public bool HasFailed { get; private set; }

        public byte Byte() => Bytes(1)[0];

        public ushort UInt16() => BinaryPrimitives.ReadUInt16BigEndian(Bytes(sizeof(ushort)));

        public uint UInt32() => BinaryPrimitives.ReadUInt32BigEndian(Bytes(sizeof(uint)));

        public ulong UInt64() => BinaryPrimitives.ReadUInt64BigEndian(Bytes(sizeof(ulong)));

        public ReadOnlySpan<byte> Text()
        {
            var length = Byte();
            if (length > Rest.Length)
            {
                HasFailed = true;
                return [];
            }

            return Bytes(length);
        }

        /// <summary>The next bytes; as many zeros, 16 at most, where there are not enough.</summary>
        public ReadOnlySpan<byte> Bytes(int count)
        {
            if (count > Rest.Length)
            {
                HasFailed = true;
                Rest = [];
                return Zeros.AsSpan(0, count);
            }

            var bytes = Rest[..count];
            Rest = Rest[count..];
            return bytes;
        }
    }
}
