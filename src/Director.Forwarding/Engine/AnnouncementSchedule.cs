using System.Collections.Immutable;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Engine;

/// <summary>
/// When which addresses are announced: at once when they are taken, since neighbours that miss it send to the old place for minutes; again shortly after, since one may be lost; then a second apart,
/// and refreshed while held. Time in milliseconds. Not thread-safe.
/// </summary>
internal sealed class AnnouncementSchedule
{
    private const long Quick = 100;
    private const long Interval = 1000;
    private readonly Dictionary<string, Group> _groups = [];

    private sealed class Group
    {
        public ImmutableHashSet<InetAddress> Addresses { get; set; } = [];

        public int Left { get; set; }

        public long Next { get; set; } = long.MaxValue;

        public bool IsFirst { get; set; }

        public long? Interval { get; set; }

        public long Refresh { get; set; }

        public int Round { get; set; }
    }

    /// <summary>When something is due next; <see cref="long.MaxValue"/>: never.</summary>
    public long Next => _groups.Count == 0 ? long.MaxValue : _groups.Values.Min(group => group.Next);

    /// <summary>Says what is announced from now on: groups and addresses that are new, and groups in another round, are due at once.</summary>
    /// <param name="now">The time.</param>
    /// <param name="groups">All groups that this director announces.</param>
    public void Follow(long now, IReadOnlyCollection<AnnouncedGroup> groups)
    {
        foreach (var gone in _groups.Keys.Except(groups.Select(group => group.Name)).ToArray())
            _groups.Remove(gone);
        foreach (var wanted in groups)
        {
            if (!_groups.TryGetValue(wanted.Name, out var group))
                _groups.Add(wanted.Name, group = new Group());
            group.Refresh = (long)wanted.Refresh.TotalMilliseconds;
            group.Interval = (long?)wanted.Interval?.TotalMilliseconds;
            if (!wanted.Addresses.IsSubsetOf(group.Addresses) || wanted.Round != group.Round)
                (group.Left, group.Next, group.IsFirst) = (wanted.Times, now, true);
            (group.Addresses, group.Round) = (wanted.Addresses, wanted.Round);
        }
    }

    /// <summary>Takes the addresses that are due.</summary>
    public ImmutableArray<InetAddress> Take(long now)
    {
        var due = ImmutableArray.CreateBuilder<InetAddress>();
        foreach (var group in _groups.Values)
        {
            if (group.Next > now)
                continue;
            due.AddRange(group.Addresses);
            group.Left = Math.Max(group.Left - 1, 0);
            group.Next = group.Left > 0 ? now + (group.Interval ?? (group.IsFirst ? Quick : Interval))
                : group.Refresh > 0 ? now + group.Refresh
                : long.MaxValue;
            group.IsFirst = false;
        }

        return due.ToImmutable();
    }
}

/// <summary>A group that this director announces.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">Its addresses.</param>
/// <param name="Times">Announcements when taken.</param>
/// <param name="Refresh">Between two announcements while held; zero is never.</param>
/// <param name="Round">As <see cref="HeldGroup.AnnouncementRound"/>.</param>
/// <param name="Interval">As <see cref="HeldGroup.AnnouncementInterval"/>.</param>
internal sealed record AnnouncedGroup(string Name, ImmutableHashSet<InetAddress> Addresses, int Times, TimeSpan Refresh, int Round = 0, TimeSpan? Interval = null);
