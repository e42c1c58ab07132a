using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>
/// Reads a datagram of the kernel's synchronisation, version 0 or 1, as <c>ip_vs_process_message()</c> does: the same is taken, the same is dropped, an entry alone or with all that follows it. Every
/// byte is hostile. Numbers are big-endian; the sequence data of version 0 are as the sender's processor had them.
/// </summary>
internal ref struct IpvsDatagram
{
    /// <summary>Bytes before the entries of version 0: how many (1), synchronisation id (1), length (2).</summary>
    public const int HeaderLengthV0 = 4;

    /// <summary>Bytes before the entries of version 1: 0 (1), synchronisation id (1), length (2), how many (1), version (1), 0 (2).</summary>
    public const int HeaderLengthV1 = 8;

    /// <summary>Bytes of an entry of version 0 without sequence data.</summary>
    public const int EntryLengthV0 = 24;

    /// <summary>Bytes of an IPv4 entry of version 1 without options.</summary>
    public const int EntryLengthV4 = 36;

    /// <summary>Bytes of an IPv6 entry of version 1 without options.</summary>
    public const int EntryLengthV6 = 72;

    /// <summary>Options of an entry of version 1: kind (1), length (1), data.</summary>
    public const byte SequenceOption = 1;

    /// <inheritdoc cref="SequenceOption"/>
    public const byte PersistenceDataOption = 2;

    /// <inheritdoc cref="SequenceOption"/>
    public const byte PersistenceNameOption = 3;

    /// <summary>In an option's kind: who does not know it may pass over it.</summary>
    public const byte MayBeSkipped = 0x40;

    private const byte TypeIPv6 = 1;
    private const int LengthMask = 0xFFF;
    private const int FixedLength = 24;

    // IP_VS_CONN_F_BACKUP_MASK: what a backup keeps.
    private const IpvsFlags Kept =
        IpvsFlags.MethodMask | IpvsFlags.NoOutput | IpvsFlags.Inactive | IpvsFlags.SequenceMask | IpvsFlags.NoClientPort | IpvsFlags.Template;

    private ReadOnlySpan<byte> _rest;
    private int _left;
    private IpvsEntryOptions _options;

    /// <summary>Version of the format, 0 or 1.</summary>
    public int Version { get; private set; }

    /// <summary>Synchronisation id of the sender.</summary>
    public byte SyncId { get; private set; }

    /// <summary>What stands behind the entry that was read last.</summary>
    public readonly IpvsEntryOptions Options => _options;

    /// <summary>Looks at a datagram's header.</summary>
    public static IpvsFault TryOpen(ReadOnlySpan<byte> datagram, out IpvsDatagram opened)
    {
        opened = default;
        if (datagram.Length < HeaderLengthV0)
            return IpvsFault.Truncated;
        if (BinaryPrimitives.ReadUInt16BigEndian(datagram[2..]) != datagram.Length)
            return IpvsFault.WrongLength;
        opened.SyncId = datagram[1];
        if (datagram.Length >= HeaderLengthV1 && datagram[0] == 0 && datagram[5] == 1 && datagram[6] == 0 && datagram[7] == 0)
        {
            opened.Version = 1;
            opened._left = datagram[4];
            opened._rest = datagram[HeaderLengthV1..];
        }
        else
        {
            opened._left = datagram[0];
            opened._rest = datagram[HeaderLengthV0..];
        }

        return IpvsFault.None;
    }

    /// <summary>Reads the next entry.</summary>
    /// <param name="entry">The entry, where <paramref name="fault"/> is none.</param>
    /// <param name="fault">Why it is not taken.</param>
    /// <returns>False when there is no other.</returns>
    public bool TryNext(out IpvsEntry entry, out IpvsFault fault)
    {
        entry = default;
        _options = default;
        fault = IpvsFault.None;
        if (_left == 0)
            return false;
        _left--;
        fault = Version == 0 ? ReadV0(ref entry) : ReadV1(ref entry);
        if (fault is IpvsFault.EntryTruncated or IpvsFault.EntryVersion or IpvsFault.EntryType or IpvsFault.OptionMalformed)
            _left = 0;
        return true;
    }

    private IpvsFault ReadV0(ref IpvsEntry entry)
    {
        if (_rest.Length < EntryLengthV0)
            return IpvsFault.EntryTruncated;
        var fields = _rest[..EntryLengthV0];
        _rest = _rest[EntryLengthV0..];
        entry.Flags = (IpvsFlags)BinaryPrimitives.ReadUInt16BigEndian(fields[20..]) & Kept;
        if ((entry.Flags & IpvsFlags.SequenceMask) != 0)
        {
            if (_rest.Length < IpvsEntryOptions.SequenceLength)
                return IpvsFault.EntryTruncated;
            _options.Sequence = _rest[..IpvsEntryOptions.SequenceLength];
            _rest = _rest[IpvsEntryOptions.SequenceLength..];
        }

        entry.Protocol = fields[1];
        entry.ClientPort = BinaryPrimitives.ReadUInt16BigEndian(fields[2..]);
        entry.VirtualPort = BinaryPrimitives.ReadUInt16BigEndian(fields[4..]);
        entry.RealPort = BinaryPrimitives.ReadUInt16BigEndian(fields[6..]);
        entry.Client = ReadAddress(fields, 8, isIPv6: false);
        entry.Virtual = ReadAddress(fields, 12, isIPv6: false);
        entry.Real = ReadAddress(fields, 16, isIPv6: false);
        entry.State = BinaryPrimitives.ReadUInt16BigEndian(fields[22..]);
        return Judge(ref entry);
    }

    private IpvsFault ReadV1(ref IpvsEntry entry)
    {
        if (_rest.Length < EntryLengthV4)
            return IpvsFault.EntryTruncated;
        var lengthAndVersion = BinaryPrimitives.ReadUInt16BigEndian(_rest[2..]);
        var length = lengthAndVersion & LengthMask;
        if (length > _rest.Length)
            return IpvsFault.EntryTruncated;
        if ((lengthAndVersion & ~LengthMask) != 0)
            return IpvsFault.EntryVersion;
        var fields = _rest[..length];

        // The next entry begins at a multiple of four bytes, which behind the last one there need not be.
        _rest = _rest[Math.Min((length + 3) & ~3, _rest.Length)..];
        if (length < EntryLengthV4)
            return IpvsFault.EntryTruncated;
        var isIPv6 = (fields[0] & TypeIPv6) != 0;
        if (!isIPv6 && fields[0] != 0)
            return IpvsFault.EntryType;
        var step = isIPv6 ? 16 : 4;
        var behind = FixedLength + (3 * step);
        if (length < behind)
            return IpvsFault.EntryTruncated;
        var fault = ReadOptions(fields[behind..]);
        if (fault != IpvsFault.None)
            return fault;
        entry.Protocol = fields[1];
        entry.Flags = (IpvsFlags)(BinaryPrimitives.ReadUInt32BigEndian(fields[4..]) & (uint)Kept);
        entry.State = BinaryPrimitives.ReadUInt16BigEndian(fields[8..]);
        entry.ClientPort = BinaryPrimitives.ReadUInt16BigEndian(fields[10..]);
        entry.VirtualPort = BinaryPrimitives.ReadUInt16BigEndian(fields[12..]);
        entry.RealPort = BinaryPrimitives.ReadUInt16BigEndian(fields[14..]);
        entry.Mark = BinaryPrimitives.ReadUInt32BigEndian(fields[16..]);
        entry.Timeout = BinaryPrimitives.ReadUInt32BigEndian(fields[20..]);
        entry.Client = ReadAddress(fields, FixedLength, isIPv6);
        entry.Virtual = ReadAddress(fields, FixedLength + step, isIPv6);
        entry.Real = ReadAddress(fields, FixedLength + (2 * step), isIPv6);
        return Judge(ref entry);
    }

    private IpvsFault ReadOptions(ReadOnlySpan<byte> rest)
    {
        while (!rest.IsEmpty)
        {
            if (rest.Length < 2 || rest[1] == 0 || rest[1] > rest.Length - 2)
                return IpvsFault.OptionMalformed;
            var kind = rest[0];
            var data = rest.Slice(2, rest[1]);
            rest = rest[(2 + data.Length)..];
            switch (kind & ~MayBeSkipped)
            {
                case SequenceOption when _options.Sequence.IsEmpty && data.Length == IpvsEntryOptions.SequenceLength:
                    _options.Sequence = data;
                    break;
                case PersistenceDataOption when _options.PersistenceData.IsEmpty:
                    _options.PersistenceData = data;
                    break;
                case PersistenceNameOption when _options.PersistenceName.IsEmpty && data.Length <= IpvsEntryOptions.LongestName:
                    _options.PersistenceName = data;
                    break;
                case SequenceOption or PersistenceDataOption or PersistenceNameOption:
                    return IpvsFault.OptionMalformed;
                case var _ when (kind & MayBeSkipped) == 0:
                    return IpvsFault.OptionUnknown;
            }
        }

        return IpvsFault.None;
    }

    private static IpvsFault Judge(ref IpvsEntry entry)
    {
        if (entry.IsTemplate)
        {
            // IP_VS_CTPL_S_LAST: what a template's state means is nobody's trouble.
            entry.State = entry.State > 1 ? (ushort)0 : entry.State;
            return IpvsFault.None;
        }

        return entry.Protocol switch
        {
            Wire.Tcp => entry.State < IpvsEntry.TcpStates ? IpvsFault.None : IpvsFault.State,
            Wire.Udp => entry.State == 0 ? IpvsFault.None : IpvsFault.State,
            _ => IpvsFault.Protocol,
        };
    }

    private static unsafe InetAddress ReadAddress(ReadOnlySpan<byte> fields, int offset, bool isIPv6)
    {
        fixed (byte* bytes = &MemoryMarshal.GetReference(fields.Slice(offset, isIPv6 ? 16 : 4)))
            return InetAddress.Read(bytes, isIPv6);
    }
}
