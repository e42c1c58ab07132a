using System.Collections.Immutable;

namespace Akka.Cluster.Membership;

/// <summary>
/// The cluster as one node knows it; what nodes tell each other until all know the same. Merging is commutative, associative and idempotent, so the order in which views meet does not matter.
/// </summary>
/// <remarks>
/// A node that changes it counts the change in <see cref="Version"/> under its own name. Who has <see cref="Seen"/> is of exactly this version. Removed nodes leave a tombstone,
/// so that an old view cannot bring them back.
/// </remarks>
internal sealed record Gossip
{
    // A member in another status is equal, yet another value.
    private static readonly ImmutableSortedDictionary<UniqueAddress, Member> NoMembers =
        ImmutableSortedDictionary.Create<UniqueAddress, Member>(null, EqualityComparer<Member>.Create((left, right) => ReferenceEquals(left, right)));

    public static readonly Gossip Empty = new();

    public ImmutableSortedDictionary<UniqueAddress, Member> Members { get; init; } = NoMembers;

    public ImmutableSortedSet<UniqueAddress> Seen { get; init; } = [];

    public Reachability Reachability { get; init; } = Reachability.AllReachable;

    public VectorClock Version { get; init; } = VectorClock.Zero;

    /// <summary>Who was removed, and when.</summary>
    public ImmutableSortedDictionary<UniqueAddress, DateTimeOffset> Tombstones { get; init; } = ImmutableSortedDictionary<UniqueAddress, DateTimeOffset>.Empty;

    /// <summary>Observers that are down no longer count.</summary>
    public Reachability TrustedReachability => Reachability.WithoutObservers(Members.Values.Where(member => member.Status == MemberStatus.Down).Select(member => member.UniqueAddress));

    public Member Find(UniqueAddress node) => Members.GetValueOrDefault(node);

    public Gossip With(Member member) => this with { Members = Members.SetItem(member.UniqueAddress, member) };

    public Gossip With(UniqueAddress observer, UniqueAddress node, Observation status) => this with { Reachability = Reachability.Change(observer, node, status) };

    /// <summary>A new version, changed by this node and seen by nobody else.</summary>
    public Gossip ChangedBy(UniqueAddress node) => this with { Version = Version.Increment(node), Seen = [node] };

    public Gossip SeenBy(UniqueAddress node) => this with { Seen = Seen.Add(node) };

    public Gossip Remove(IReadOnlyCollection<UniqueAddress> nodes, DateTimeOffset at) =>
        WithTombstones(Tombstones.SetItems(nodes.Select(node => KeyValuePair.Create(node, at))));

    /// <summary>Forgets removals so long ago that no view from before them is left.</summary>
    public Gossip ForgetTombstones(DateTimeOffset before)
    {
        var old = Tombstones.Where(one => one.Value < before).Select(one => one.Key).ToArray();
        return old.Length == 0 ? this : this with { Tombstones = Tombstones.RemoveRange(old) };
    }

    public Gossip Merge(Gossip other)
    {
        var members = Members.ToBuilder();
        foreach (var (node, theirs) in other.Members)
        {
            members[node] = members.TryGetValue(node, out var own) ? Later(own, theirs) : theirs;
        }

        var tombstones = Tombstones.ToBuilder();
        foreach (var (node, theirs) in other.Tombstones)
        {
            tombstones[node] = tombstones.TryGetValue(node, out var own) && own > theirs ? own : theirs;
        }

        var merged = new Gossip { Members = members.ToImmutable(), Reachability = Reachability.Merge(other.Reachability), Version = Version.Merge(other.Version) }
            .WithTombstones(tombstones.ToImmutable());
        return merged with { Seen = SeenIf(this, merged).Union(SeenIf(other, merged)) };
    }

    /// <summary>
    /// Whether all know this version, so that the leader may act: every member that is up or leaving has seen it, and nobody is unreachable but who is down or exiting.
    /// </summary>
    /// <param name="self">The node that asks: what others say of it does not hold it up.</param>
    /// <param name="exited">Members that said they are through with leaving: nothing is expected of them.</param>
    public bool IsConverged(UniqueAddress self, IReadOnlySet<UniqueAddress> exited)
    {
        var reachability = TrustedReachability;
        foreach (var member in Members.Values.Where(member => !exited.Contains(member.UniqueAddress)))
        {
            var node = member.UniqueAddress;
            var isWaitedFor = member.Status is MemberStatus.Up or MemberStatus.Leaving && !Seen.Contains(node);
            var isMissed = node != self && member.Status is not (MemberStatus.Down or MemberStatus.Exiting) && !reachability.IsReachable(node);
            if (isWaitedFor || isMissed)
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The first reachable member by address that is up or leaving; before there is one, the first that joins.</summary>
    public UniqueAddress Leader(UniqueAddress self) => LeaderOf(Members.Values, self);

    public UniqueAddress RoleLeader(string role, UniqueAddress self) => LeaderOf(Members.Values.Where(member => member.HasRole(role)), self);

    private static ImmutableSortedSet<UniqueAddress> SeenIf(Gossip of, Gossip merged) => of.Version.CompareTo(merged.Version) == VersionOrder.Same ? of.Seen : [];

    /// <summary>The later status, the earlier age.</summary>
    private static Member Later(Member left, Member right)
    {
        var later = Rank(left.Status) >= Rank(right.Status) ? left : right;
        var upNumber = Math.Min(left.UpNumber, right.UpNumber);
        return later.UpNumber == upNumber ? later : new Member(later.UniqueAddress, upNumber, later.Status, later.Roles);
    }

    private static int Rank(MemberStatus status) => status switch
    {
        MemberStatus.Joining => 0,
        MemberStatus.WeaklyUp => 1,
        MemberStatus.Up => 2,
        MemberStatus.Leaving => 3,
        MemberStatus.Exiting => 4,
        MemberStatus.Down => 5,
        _ => 6,
    };

    private Gossip WithTombstones(ImmutableSortedDictionary<UniqueAddress, DateTimeOffset> tombstones)
    {
        UniqueAddress[] gone = [.. tombstones.Keys];
        return this with
        {
            Members = Members.RemoveRange(gone), Seen = Seen.Except(gone), Reachability = Reachability.Without(gone), Version = Version.Without(gone), Tombstones = tombstones,
        };
    }

    private UniqueAddress LeaderOf(IEnumerable<Member> members, UniqueAddress self)
    {
        var reachability = TrustedReachability;
        return members
            .Where(member => member.Status != MemberStatus.Down && (member.UniqueAddress == self || reachability.IsReachable(member.UniqueAddress)))
            .OrderBy(member => member.Status switch { MemberStatus.Up or MemberStatus.Leaving => 0, MemberStatus.WeaklyUp => 1, MemberStatus.Joining => 2, _ => 3 })
            .ThenBy(member => member)
            .FirstOrDefault()?.UniqueAddress;
    }
}
