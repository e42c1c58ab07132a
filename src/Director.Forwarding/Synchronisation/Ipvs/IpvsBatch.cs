using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>
/// A datagram of the kernel's synchronisation in the making (<c>ip_vs_sync_conn()</c> of <c>ip_vs_sync.c</c>): entries one behind another until there is no room for the next, or the first has waited
/// for two seconds. Formats as in <see cref="IpvsDatagram"/>.
/// </summary>
internal sealed class IpvsBatch
{
    /// <summary>How long an entry is held, in milliseconds (<c>IPVS_SYNC_FLUSH_TIME</c>).</summary>
    public const long LongestHeld = 2000;

    // One byte counts the entries.
    private const int MostEntries = 255;

    private const int LongestEntry = IpvsDatagram.EntryLengthV6 + 2 + IpvsEntryOptions.SequenceLength + 2 + 255 + 2 + IpvsEntryOptions.LongestName;

    private readonly byte[] _bytes;
    private readonly int _maximumLength;
    private readonly int _version;
    private readonly byte _syncId;
    private int _length;
    private int _count;
    private long _since;

    /// <param name="version">Version of the format, 0 or 1.</param>
    /// <param name="syncId">Synchronisation id.</param>
    /// <param name="maximumLength">Largest datagram in bytes; an entry that is larger alone goes alone.</param>
    public IpvsBatch(int version, byte syncId, int maximumLength)
    {
        _version = version;
        _syncId = syncId;
        _maximumLength = maximumLength;
        _bytes = GC.AllocateArray<byte>(Math.Max(maximumLength, IpvsDatagram.HeaderLengthV1 + LongestEntry), pinned: true);
        Clear();
    }

    /// <summary>Entries in it.</summary>
    public int Count => _count;

    /// <summary>Whether it has been held for long enough.</summary>
    /// <param name="now">Milliseconds.</param>
    public bool IsDue(long now) => _count > 0 && now - _since >= LongestHeld;

    /// <summary>Whether the format has a place for an entry: version 0 has none for IPv6.</summary>
    public bool Carries(in IpvsEntry entry) => _version == 1 || !entry.Client.IsIPv6;

    /// <summary>Adds an entry that <see cref="Carries"/> says yes to. False when it does not fit any more.</summary>
    /// <param name="entry">The entry; its addresses are of one family. Its flags say whether sequence data are sent.</param>
    /// <param name="options">What is to stand behind it.</param>
    /// <param name="now">Milliseconds.</param>
    public bool TryAdd(in IpvsEntry entry, IpvsEntryOptions options, long now)
    {
        var pad = _version == 1 ? -_length & 3 : 0;
        var length = LengthOf(entry, options);
        if (_count > 0 && (_length + pad + length > _maximumLength || _count == MostEntries))
            return false;
        if (_count == 0)
            _since = now;
        _bytes.AsSpan(_length, pad).Clear();
        var to = _bytes.AsSpan(_length + pad, length);
        if (_version == 0)
            WriteV0(entry, options, to);
        else
            WriteV1(entry, options, to);
        _length += pad + length;
        _count++;
        return true;
    }

    /// <summary>The datagram as it stands; valid until <see cref="Clear"/>.</summary>
    public ReadOnlySpan<byte> Finish()
    {
        _bytes[1] = _syncId;
        BinaryPrimitives.WriteUInt16BigEndian(_bytes.AsSpan(2), (ushort)_length);
        if (_version == 0)
        {
            _bytes[0] = (byte)_count;
        }
        else
        {
            _bytes[0] = 0;
            _bytes[4] = (byte)_count;
            _bytes[5] = 1;
            _bytes[6] = 0;
            _bytes[7] = 0;
        }

        return _bytes.AsSpan(0, _length);
    }

    /// <summary>Begins another.</summary>
    public void Clear()
    {
        _length = _version == 0 ? IpvsDatagram.HeaderLengthV0 : IpvsDatagram.HeaderLengthV1;
        _count = 0;
    }

    private int LengthOf(in IpvsEntry entry, IpvsEntryOptions options)
    {
        var hasSequence = (entry.Flags & IpvsFlags.SequenceMask) != 0;
        if (_version == 0)
            return IpvsDatagram.EntryLengthV0 + (hasSequence ? IpvsEntryOptions.SequenceLength : 0);
        return (entry.Client.IsIPv6 ? IpvsDatagram.EntryLengthV6 : IpvsDatagram.EntryLengthV4)
            + (hasSequence ? 2 + IpvsEntryOptions.SequenceLength : 0)
            + (options.PersistenceData.IsEmpty ? 0 : 2 + options.PersistenceData.Length)
            + (options.PersistenceName.IsEmpty ? 0 : 2 + options.PersistenceName.Length);
    }

    private static void WriteV0(in IpvsEntry entry, IpvsEntryOptions options, Span<byte> to)
    {
        to[0] = 0;
        to[1] = entry.Protocol;
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], entry.ClientPort);
        BinaryPrimitives.WriteUInt16BigEndian(to[4..], entry.VirtualPort);
        BinaryPrimitives.WriteUInt16BigEndian(to[6..], entry.RealPort);
        WriteAddresses(entry, to[8..], 4);
        BinaryPrimitives.WriteUInt16BigEndian(to[20..], (ushort)entry.Flags);
        BinaryPrimitives.WriteUInt16BigEndian(to[22..], entry.State);
        if (to.Length > IpvsDatagram.EntryLengthV0)
            WriteSequence(options, to[IpvsDatagram.EntryLengthV0..]);
    }

    private static void WriteV1(in IpvsEntry entry, IpvsEntryOptions options, Span<byte> to)
    {
        var isIPv6 = entry.Client.IsIPv6;
        to[0] = isIPv6 ? (byte)1 : (byte)0;
        to[1] = entry.Protocol;
        BinaryPrimitives.WriteUInt16BigEndian(to[2..], (ushort)to.Length);
        BinaryPrimitives.WriteUInt32BigEndian(to[4..], (uint)entry.Flags);
        BinaryPrimitives.WriteUInt16BigEndian(to[8..], entry.State);
        BinaryPrimitives.WriteUInt16BigEndian(to[10..], entry.ClientPort);
        BinaryPrimitives.WriteUInt16BigEndian(to[12..], entry.VirtualPort);
        BinaryPrimitives.WriteUInt16BigEndian(to[14..], entry.RealPort);
        BinaryPrimitives.WriteUInt32BigEndian(to[16..], entry.Mark);
        BinaryPrimitives.WriteUInt32BigEndian(to[20..], entry.Timeout);
        WriteAddresses(entry, to[24..], isIPv6 ? 16 : 4);
        to = to[(isIPv6 ? IpvsDatagram.EntryLengthV6 : IpvsDatagram.EntryLengthV4)..];
        if ((entry.Flags & IpvsFlags.SequenceMask) != 0)
        {
            to[0] = IpvsDatagram.SequenceOption;
            to[1] = IpvsEntryOptions.SequenceLength;
            WriteSequence(options, to[2..]);
            to = to[(2 + IpvsEntryOptions.SequenceLength)..];
        }

        WriteOption(IpvsDatagram.PersistenceDataOption, options.PersistenceData, ref to);
        WriteOption(IpvsDatagram.PersistenceNameOption, options.PersistenceName, ref to);
    }

    private static void WriteSequence(IpvsEntryOptions options, Span<byte> to)
    {
        if (options.Sequence.Length == IpvsEntryOptions.SequenceLength)
            options.Sequence.CopyTo(to);
        else
            to[..IpvsEntryOptions.SequenceLength].Clear();
    }

    private static void WriteOption(byte kind, ReadOnlySpan<byte> data, ref Span<byte> to)
    {
        if (data.IsEmpty)
            return;
        to[0] = kind;
        to[1] = (byte)data.Length;
        data.CopyTo(to[2..]);
        to = to[(2 + data.Length)..];
    }

    private static unsafe void WriteAddresses(in IpvsEntry entry, Span<byte> to, int step)
    {
        fixed (byte* bytes = &MemoryMarshal.GetReference(to[..(3 * step)]))
        {
            entry.Client.Write(bytes);
            entry.Virtual.Write(bytes + step);
            entry.Real.Write(bytes + (2 * step));
        }
    }
}
