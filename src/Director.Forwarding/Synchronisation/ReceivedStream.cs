namespace Director.Forwarding.Synchronisation;

/// <summary>What becomes of a datagram.</summary>
internal enum Reception
{
    /// <summary>It is the next one: its records are taken at once, then those that waited behind it.</summary>
    Next,

    /// <summary>It waits until those before it have come.</summary>
    Early,

    /// <summary>It has come before, or too late: replayed, repeated or given up.</summary>
    Old,

    /// <summary>Too far ahead to wait; it will be asked for.</summary>
    Far,
}

/// <summary>
/// A stream of another director's datagrams, brought back into order: what comes early waits, what is missing is asked for, and what does not come in time is given up. Knows no clock and no socket.
/// </summary>
internal sealed class ReceivedStream
{
    /// <summary>Datagrams that wait at most; a power of two.</summary>
    public const int MostWaiting = 1024;

    /// <summary>Between two requests for the same datagram, in milliseconds.</summary>
    public const long AskAgainAfter = 5;

    /// <summary>How long nothing may move on, in milliseconds, before what is missing is given up.</summary>
    public const long GiveUpAfter = 200;

    /// <summary>How often what is missing was asked for meanwhile, at least: a director that had no processor for as long has not heard the answers that wait for it.</summary>
    public const int AsksBefore = 20;

    /// <summary>Missing datagrams, in a row or not, that are not worth asking for one by one.</summary>
    public const ulong TooMany = 16_384;

    private readonly byte[]?[] _waiting = new byte[MostWaiting][];
    private readonly int[] _lengths = new int[MostWaiting];
    private long _movedAt;
    private long _askedAt = long.MinValue;
    private int _asks;

    /// <param name="next">The first number that is expected.</param>
    public ReceivedStream(ulong next)
    {
        Next = next;
        Known = next - 1;
    }

    /// <summary>The number that is expected next: all before it have come or are given up.</summary>
    public ulong Next { get; private set; }

    /// <summary>The highest number that is known to have been sent.</summary>
    public ulong Known { get; private set; }

    /// <summary>Whether something is missing.</summary>
    public bool HasGap => Known >= Next;

    /// <summary>Datagrams given up.</summary>
    public ulong Lost { get; private set; }

    /// <summary>Datagrams that came after later ones: asked for, or delayed on the way.</summary>
    public ulong Repaired { get; private set; }

    /// <summary>Takes a genuine datagram.</summary>
    /// <param name="sequence">Its number.</param>
    /// <param name="payload">What it carries; copied if it has to wait.</param>
    /// <param name="now">Milliseconds since any fixed point.</param>
    public Reception Accept(ulong sequence, ReadOnlySpan<byte> payload, long now)
    {
        if (sequence < Next)
            return Reception.Old;
        if (sequence == Next)
        {
            if (sequence < Known)
                Repaired++;
            Move(sequence + 1, now);
            return Reception.Next;
        }

        if (sequence - Next >= MostWaiting)
        {
            Hear(sequence, now);
            return Reception.Far;
        }

        var slot = Slot(sequence);
        if (_lengths[slot] != 0)
            return Reception.Old;
        if (sequence < Known)
            Repaired++;
        Hear(sequence, now);
        payload.CopyTo(_waiting[slot] ??= new byte[Datagram.MaximumPayload]);

        // One more than the length, so that an empty one waits too.
        _lengths[slot] = payload.Length + 1;
        return Reception.Early;
    }

    /// <summary>The records that waited and whose turn has come; the bytes are valid until the next call of any member.</summary>
    public bool TryTake(long now, out ReadOnlySpan<byte> payload)
    {
        var slot = Slot(Next);
        payload = default;
        if (_lengths[slot] == 0)
            return false;
        payload = _waiting[slot].AsSpan(0, _lengths[slot] - 1);
        _lengths[slot] = 0;
        Move(Next + 1, now);
        return true;
    }

    /// <summary>The sender says how far it has come.</summary>
    public void Hear(ulong position, long now)
    {
        if (position <= Known)
            return;
        if (!HasGap)
            (_movedAt, _asks) = (now, 0);
        Known = position;
    }

    /// <summary>What is to be asked for now.</summary>
    /// <param name="now">Milliseconds since any fixed point.</param>
    /// <param name="ranges">Receives ranges of numbers, each its first and how many.</param>
    /// <returns>How many ranges.</returns>
    public int Ask(long now, Span<(ulong First, ushort Count)> ranges)
    {
        if (!HasGap || (_askedAt != long.MinValue && now - _askedAt < AskAgainAfter))
            return 0;
        _askedAt = now;
        _asks++;
        var count = 0;
        var last = Math.Min(Known, Next + MostWaiting - 1);
        for (var sequence = Next; sequence <= last; sequence++)
        {
            if (_lengths[Slot(sequence)] != 0)
                continue;
            if (count > 0 && ranges[count - 1].First + ranges[count - 1].Count == sequence)
                ranges[count - 1].Count++;
            else if (count == ranges.Length)
                break;
            else
                ranges[count++] = (sequence, 1);
        }

        return count;
    }

    /// <summary>Gives up what has not come in time, up to what waits behind it.</summary>
    /// <returns>Whether something was given up: then this director does not know all any more.</returns>
    public bool GiveUp(long now)
    {
        if (!HasGap)
            return false;
        if (Known - Next > TooMany)
        {
            Lost += Known + 1 - Next;
            Array.Clear(_lengths);
            Move(Known + 1, now);
            return true;
        }

        if (now - _movedAt < GiveUpAfter || _asks < AsksBefore)
            return false;
        SkipGap(now);
        return true;
    }

    /// <summary>Goes on with what waits: nothing that is missing will come any more.</summary>
    public void SkipGap(long now)
    {
        var to = Next;
        while (to <= Known && to - Next < MostWaiting && _lengths[Slot(to)] == 0)
            to++;
        Lost += to - Next;
        Move(to, now);
    }

    /// <summary>A snapshot has everything before this number.</summary>
    public void Skip(ulong next, long now)
    {
        if (next <= Next)
            return;
        for (var sequence = Next; sequence < next && sequence - Next < MostWaiting; sequence++)
            _lengths[Slot(sequence)] = 0;
        Move(next, now);
    }

    private void Move(ulong next, long now)
    {
        Next = next;
        Known = Math.Max(Known, next - 1);
        (_movedAt, _asks) = (now, 0);
    }

    private static int Slot(ulong sequence) => (int)(sequence % MostWaiting);
}
