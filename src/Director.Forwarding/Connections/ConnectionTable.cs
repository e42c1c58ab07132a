using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Connections;

/// <summary>
/// The connections of one worker and one family, in native memory. Open addressing over four-byte slots (an entry's number and eight bits of its hash) that point into a dense
/// array of entries, so that an entry never moves and a look-up costs two cache lines. Keyed by the client's end alone, as IPVS does (<c>ip_vs_conn.c</c>): both directions find the
/// same slot. One writer; others may read entries for reports and must check what they read.
/// </summary>
internal sealed unsafe class ConnectionTable : IDisposable
{
    /// <summary>The most connections a table holds: an entry's number has 24 bits and 0 is none.</summary>
    public const int MaximumCapacity = (1 << 24) - 1;

    private const uint NumberMask = 0x00FF_FFFF;

    private readonly byte* _entries;
    private readonly uint* _slots;
    private readonly uint _slotMask;
    private readonly int _entrySize;
    private readonly ulong _seed;
    private uint _free;
    private uint _unused = 1;

    /// <param name="isIPv6">The family of client and virtual address.</param>
    /// <param name="capacity">Connections that there is room for, 1 to <see cref="MaximumCapacity"/>. Memory is taken from the system only as it fills.</param>
    /// <param name="seed">Secret of the hash: a client that knew it could choose ports that collide.</param>
    public ConnectionTable(bool isIPv6, int capacity, ulong seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(capacity, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(capacity, MaximumCapacity);
        IsIPv6 = isIPv6;
        Capacity = capacity;
        _seed = seed;
        _entrySize = isIPv6 ? Connection.IPv6Size : Connection.IPv4Size;

        // At most half of the slots are in use: a search ends after 1.5 slots on average.
        var slots = BitOperations.RoundUpToPowerOf2((uint)Math.Max(capacity, 16) * 2);
        _slotMask = slots - 1;
        _slots = (uint*)ZeroedPages.Allocate((nuint)slots * sizeof(uint));
        _entries = (byte*)ZeroedPages.Allocate(((nuint)capacity + 1) * (nuint)_entrySize);
    }

    /// <summary>The family of client and virtual address.</summary>
    public bool IsIPv6 { get; }

    /// <summary>Connections that there is room for.</summary>
    public int Capacity { get; }

    /// <summary>Connections held.</summary>
    public int Count { get; private set; }

    /// <summary>One more than the highest number ever in use.</summary>
    public uint NumberLimit => Volatile.Read(ref _unused);

    /// <summary>The entry of a number that a member of this class returned.</summary>
    public Connection* this[uint number]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => (Connection*)(_entries + ((nuint)number * (nuint)_entrySize));
    }

    /// <summary>Hash of a client's end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Hash(byte protocol, in InetAddress client, ushort port)
    {
        // Folded 64 by 64 bit multiplications (as in wyhash): each input bit reaches each output bit.
        var high = Math.BigMul(client.First ^ _seed, client.Second ^ (((ulong)port << 8) | protocol) ^ 0x9E37_79B9_7F4A_7C15, out var low);
        high = Math.BigMul(high ^ low ^ _seed, 0xD6E8_FEB8_6659_FD93 ^ port, out low);
        return high ^ low;
    }

    /// <summary>Asks the processor for the slot of a hash, ahead of a search.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchSlot(ulong hash)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(_slots + ((uint)hash & _slotMask));
    }

    /// <summary>Asks the processor for the entry that a search will most likely look at; <see cref="PrefetchSlot"/> should have gone before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void PrefetchEntry(ulong hash)
    {
        if (!Sse.IsSupported)
            return;
        var tag = Tag(hash);
        for (var slot = (uint)hash & _slotMask; ; slot = (slot + 1) & _slotMask)
        {
            var value = _slots[slot];
            if (value == 0)
                return;
            if ((value & ~NumberMask) != tag)
                continue;
            var entry = (byte*)this[value & NumberMask];
            Sse.Prefetch0(entry);
            if (IsIPv6)
                Sse.Prefetch0(entry + 64);
            return;
        }
    }

    /// <summary>Finds the connection between a client and a virtual address.</summary>
    /// <returns>Its number, or 0.</returns>
    public uint FindByVirtual(ulong hash, byte protocol, in InetAddress client, ushort clientPort, in InetAddress virtualAddress, ushort virtualPort) =>
        Find(hash, protocol, client, clientPort, virtualAddress, virtualPort, IsIPv6 ? 16 : 4, Connection.VirtualPortOffset);

    /// <summary>Finds the connection between a client and a real server.</summary>
    /// <returns>Its number, or 0.</returns>
    public uint FindByReal(ulong hash, byte protocol, in InetAddress client, ushort clientPort, in InetAddress real, ushort realPort) =>
        Find(hash, protocol, client, clientPort, real, realPort, IsIPv6 ? 32 : 8, Connection.RealPortOffset);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private uint Find(ulong hash, byte protocol, in InetAddress client, ushort clientPort, in InetAddress other, ushort otherPort, int otherOffset, int otherPortOffset)
    {
        var tag = Tag(hash);
        for (var slot = (uint)hash & _slotMask; ; slot = (slot + 1) & _slotMask)
        {
            var value = _slots[slot];
            if (value == 0)
                return 0;
            if ((value & ~NumberMask) != tag)
                continue;
            var number = value & NumberMask;
            var connection = this[number];
            var addresses = (byte*)connection + Connection.HeaderSize;
            if (connection->ClientPort == clientPort && connection->Protocol == protocol && *(ushort*)((byte*)connection + otherPortOffset) == otherPort
                && Matches(addresses, client) && Matches(addresses + otherOffset, other))
            {
                return number;
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Matches(byte* stored, in InetAddress address) => IsIPv6
        ? *(ulong*)stored == address.First && *(ulong*)(stored + 8) == address.Second
        : *(uint*)stored == address.IPv4Raw;

    /// <summary>Adds a connection. The caller has made sure that it is not there.</summary>
    /// <returns>Its number, or 0 when the table is full. Fields other than the ends are zero.</returns>
    public uint Insert(ulong hash, in ConnectionEnds ends)
    {
        uint number;
        if (_free != 0)
        {
            number = _free;
            _free = this[number]->Next;
        }
        else if (_unused <= (uint)Capacity)
        {
            number = _unused;
            Volatile.Write(ref _unused, number + 1);
        }
        else
        {
            return 0;
        }

        var connection = this[number];
        NativeMemory.Clear(connection, (nuint)_entrySize);
        connection->ClientPort = ends.ClientPort;
        connection->VirtualPort = ends.VirtualPort;
        connection->RealPort = ends.RealPort;
        var addresses = (byte*)connection + Connection.HeaderSize;
        var step = IsIPv6 ? 16 : 4;
        ends.Client.Write(addresses);
        ends.Virtual.Write(addresses + step);
        if (ends.Real.IsIPv6 == IsIPv6)
            ends.Real.Write(addresses + (2 * step));
        connection->Protocol = ends.Protocol;

        var slot = (uint)hash & _slotMask;
        while (_slots[slot] != 0)
            slot = (slot + 1) & _slotMask;
        _slots[slot] = Tag(hash) | number;
        Count++;
        return number;
    }

    /// <summary>Forgets a connection; its number is used again.</summary>
    public void Remove(uint number)
    {
        var slot = (uint)HashOf(number) & _slotMask;
        while ((_slots[slot] & NumberMask) != number)
            slot = (slot + 1) & _slotMask;

        // Later entries of the run move up, so that searches need no tombstones.
        for (var next = (slot + 1) & _slotMask; _slots[next] != 0; next = (next + 1) & _slotMask)
        {
            var home = (uint)HashOf(_slots[next] & NumberMask) & _slotMask;
            if (((next - home) & _slotMask) >= ((next - slot) & _slotMask))
            {
                _slots[slot] = _slots[next];
                slot = next;
            }
        }

        _slots[slot] = 0;
        var connection = this[number];
        connection->Protocol = 0;
        connection->Flags = ConnectionFlags.None;
        connection->Next = _free;
        _free = number;
        Count--;
    }

    /// <summary>Whether a number stands for a connection or template at this moment.</summary>
    public bool IsUsed(uint number) => this[number]->Protocol != 0 || (this[number]->Flags & ConnectionFlags.Template) != 0;

    /// <summary>
    /// Copies an entry while its worker goes on; any thread may. One that changes hands while it is copied is left out: it is copied twice, and both must agree on whose it is.
    /// </summary>
    /// <param name="number">Its number, below <see cref="NumberLimit"/>.</param>
    /// <param name="to">At least <see cref="Connection.IPv6Size"/> bytes.</param>
    /// <returns>False when the number stands for nothing.</returns>
    public bool TryCopy(uint number, byte* to)
    {
        NativeMemory.Copy(this[number], to, (nuint)_entrySize);
        var first = (Connection*)to;
        if (first->Protocol == 0 && (first->Flags & ConnectionFlags.Template) == 0)
            return false;
        Thread.MemoryBarrier();
        var again = stackalloc byte[Connection.IPv6Size];
        NativeMemory.Copy(this[number], again, (nuint)_entrySize);
        var second = (Connection*)again;
        var rest = _entrySize - Connection.HeaderSize;
        return first->Protocol == second->Protocol && first->ClientPort == second->ClientPort && first->Destination == second->Destination
            && new ReadOnlySpan<byte>(to + Connection.HeaderSize, rest).SequenceEqual(new ReadOnlySpan<byte>(again + Connection.HeaderSize, rest));
    }

    /// <summary>Hash of the client's end of an entry.</summary>
    public ulong HashOf(uint number)
    {
        var connection = this[number];
        return Hash(connection->Protocol, Connection.Client(connection, IsIPv6), connection->ClientPort);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Tag(ulong hash) => (uint)(hash >> 32) & ~NumberMask;

    /// <inheritdoc/>
    public void Dispose()
    {
        ZeroedPages.Free(_slots);
        ZeroedPages.Free(_entries);
    }
}
