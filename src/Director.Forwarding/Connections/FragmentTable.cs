using System.Runtime.InteropServices;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Connections;

/// <summary>
/// Remembers the ports of first fragments, so that the later ones, which have none, go the same way; and keeps a few that overtook their first. Fixed in size: under a flood the
/// oldest are forgotten. Nothing is reassembled, so overlapping fragments cannot hurt.
/// </summary>
internal sealed unsafe class FragmentTable : IDisposable
{
    private const int Ways = 4;
    private const int Sets = 512;
    private const long LifetimeMilliseconds = 30_000;
    private const int HeldFrames = 32;
    private const int HeldBytes = 16 * 1024;
    private const long PatienceMilliseconds = 1000;

    private readonly Entry[] _entries = new Entry[Sets * Ways];
    private readonly Held[] _held = new Held[HeldFrames];
    private readonly byte* _buffers = (byte*)NativeMemory.AlignedAlloc(HeldFrames * HeldBytes, 64);
    private int _heldCount;

    private struct Key
    {
        public InetAddress Source;
        public InetAddress Destination;
        public uint Id;
        public byte Protocol;

        public static Key Of(in Packet packet) =>
            new() { Source = packet.Source, Destination = packet.Destination, Id = packet.FragmentId, Protocol = packet.Protocol };

        public readonly bool Equals(in Key other) => Id == other.Id && Protocol == other.Protocol && Source == other.Source && Destination == other.Destination;

        public readonly int Set => (int)((((Source.First ^ Destination.First ^ (Source.Second + Destination.Second)) + Id + Protocol) * 0x9E37_79B9_7F4A_7C15) >> 55);
    }

    private struct Entry
    {
        public Key Key;
        public long Since;
        public int RealServer;
        public ushort SourcePort;
        public ushort DestinationPort;
        public bool IsUsed;
    }

    private struct Held
    {
        public Key Key;
        public Frame Frame;
        public long Since;
        public bool IsUsed;
    }

    /// <summary>Whether any fragment is being kept back.</summary>
    public bool HasHeld => _heldCount > 0;

    /// <summary>Remembers a first fragment's ports, as they came.</summary>
    /// <param name="first">The fragment.</param>
    /// <param name="nowMilliseconds">The time.</param>
    /// <param name="realServer">Number of the real server that the later ones must go to, where no connection says it; else -1.</param>
    public void Remember(in Packet first, long nowMilliseconds, int realServer = -1)
    {
        var key = Key.Of(first);
        var set = _entries.AsSpan(key.Set * Ways, Ways);
        ref var chosen = ref set[0];
        foreach (ref var entry in set)
        {
            if (entry.IsUsed && entry.Key.Equals(key))
            {
                chosen = ref entry;
                break;
            }

            if (!entry.IsUsed || entry.Since < chosen.Since)
                chosen = ref entry;
        }

        chosen = new Entry { Key = key, Since = nowMilliseconds, SourcePort = first.SourcePort, DestinationPort = first.DestinationPort, RealServer = realServer, IsUsed = true };
    }

    /// <summary>Number of the real server that the first fragment went to; -1 when that is not known.</summary>
    public int RealServerOf(in Packet later, long nowMilliseconds)
    {
        var key = Key.Of(later);
        foreach (ref readonly var entry in _entries.AsSpan(key.Set * Ways, Ways))
        {
            if (entry.IsUsed && entry.Key.Equals(key) && nowMilliseconds - entry.Since < LifetimeMilliseconds)
                return entry.RealServer;
        }

        return -1;
    }

    /// <summary>Gives a later fragment the ports of its first. False when that was not seen.</summary>
    public bool TryComplete(ref Packet later, long nowMilliseconds)
    {
        var key = Key.Of(later);
        foreach (ref readonly var entry in _entries.AsSpan(key.Set * Ways, Ways))
        {
            if (!entry.IsUsed || !entry.Key.Equals(key) || nowMilliseconds - entry.Since >= LifetimeMilliseconds)
                continue;
            later.SourcePort = entry.SourcePort;
            later.DestinationPort = entry.DestinationPort;
            return true;
        }

        return false;
    }

    /// <summary>Keeps a copy of a fragment whose first has not come. False when there is no room.</summary>
    public bool Hold(in Frame frame, in Packet later, long nowMilliseconds)
    {
        if (frame.Length > HeldBytes - Frame.Headroom)
            return false;
        for (var slot = 0; slot < HeldFrames; slot++)
        {
            ref var held = ref _held[slot];
            if (held.IsUsed)
                continue;
            held = new Held { Key = Key.Of(later), Frame = frame, Since = nowMilliseconds, IsUsed = true };
            held.Frame.Data = _buffers + (slot * HeldBytes) + Frame.Headroom;
            Buffer.MemoryCopy(frame.Data, held.Frame.Data, HeldBytes - Frame.Headroom, frame.Length);
            _heldCount++;
            return true;
        }

        return false;
    }

    /// <summary>Takes a kept fragment of the datagram that <paramref name="first"/> begins. Its buffer is good until the next <see cref="Hold"/>.</summary>
    public bool TryTakeHeld(in Packet first, out Frame frame)
    {
        var key = Key.Of(first);
        foreach (ref var held in _held.AsSpan())
        {
            if (!held.IsUsed || !held.Key.Equals(key))
                continue;
            held.IsUsed = false;
            _heldCount--;
            frame = held.Frame;
            return true;
        }

        frame = default;
        return false;
    }

    /// <summary>Forgets fragments that waited for a second.</summary>
    /// <returns>How many.</returns>
    public int Expire(long nowMilliseconds)
    {
        var expired = 0;
        foreach (ref var held in _held.AsSpan())
        {
            if (!held.IsUsed || nowMilliseconds - held.Since < PatienceMilliseconds)
                continue;
            held.IsUsed = false;
            _heldCount--;
            expired++;
        }

        return expired;
    }

    /// <inheritdoc/>
    public void Dispose() => NativeMemory.AlignedFree(_buffers);
}
