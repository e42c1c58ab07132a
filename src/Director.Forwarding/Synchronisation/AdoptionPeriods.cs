using System.Collections.Frozen;
using System.Collections.Immutable;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Synchronisation;

/// <summary>
/// For which addresses packets of unknown TCP connections are adopted at the moment: those that this director began to forward, or of which it got another part, a short while ago. So connections that
/// their last director never told of survive it where the scheduler finds the same real server again.
/// </summary>
internal sealed class AdoptionPeriods(TimeSpan length)
{
    private readonly long _length = (long)length.TotalMilliseconds;
    private volatile FrozenDictionary<InetAddress, Period> _periods = FrozenDictionary<InetAddress, Period>.Empty;

    private sealed record Period(long End, ImmutableArray<bool> Blocks);

    /// <summary>Follows what is held. One thread at a time may.</summary>
    /// <param name="holdings">What is held.</param>
    /// <param name="all">The table's virtual addresses: what <see cref="Holdings.Everything"/> means.</param>
    /// <param name="nowMilliseconds">Time since the engine's start.</param>
    public void Follow(Holdings holdings, IEnumerable<InetAddress> all, long nowMilliseconds)
    {
        var before = _periods;
        IEnumerable<(InetAddress Address, ImmutableArray<bool> Blocks)> held = holdings.IsEverything
            ? all.Select(address => (address, ImmutableArray<bool>.Empty))
            : holdings.Groups.Where(group => group.Forwards)
                .SelectMany(group => group.Addresses.Select(address => (InetAddress.From(address), group.Share is null ? ImmutableArray<bool>.Empty : group.Share.Blocks)));
        _periods = held.DistinctBy(each => each.Address).ToFrozenDictionary(
            each => each.Address,
            each => before.TryGetValue(each.Address, out var period) && !Grows(period.Blocks, each.Blocks)
                ? period with { Blocks = each.Blocks }
                : new Period(nowMilliseconds + _length, each.Blocks));
    }

    private static bool Grows(ImmutableArray<bool> before, ImmutableArray<bool> after)
    {
        if (before.IsEmpty)
            return false;
        for (var block = 0; block < before.Length; block++)
        {
            if (!before[block] && (after.IsEmpty || after[block]))
                return true;
        }

        return false;
    }

    /// <summary>Whether packets to an address are adopted now.</summary>
    public bool Covers(in InetAddress address, long nowMilliseconds) => _periods.TryGetValue(address, out var period) && nowMilliseconds < period.End;
}
