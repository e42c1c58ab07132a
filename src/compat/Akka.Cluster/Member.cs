using System.Collections.Immutable;
using Akka.Actor;

namespace Akka.Cluster;

/// <summary>A node of the cluster with its status, as of one moment. Two are equal when they are the same incarnation, whatever the status.</summary>
public class Member : IComparable<Member>, IComparable
{
    /// <summary>By host and port.</summary>
    public static readonly IComparer<Address> AddressOrdering = Comparer<Address>.Create(CompareAddresses);

    /// <summary>The oldest first: in the order in which members became Up.</summary>
    public static readonly IComparer<Member> AgeOrdering = Comparer<Member>.Create((left, right) => left.Equals(right) ? 0 : left.IsOlderThan(right) ? -1 : 1);

    /// <summary>Of a member that has not been Up yet.</summary>
    internal const int NotYetUp = int.MaxValue;

    internal Member(UniqueAddress uniqueAddress, int upNumber, MemberStatus status, ImmutableHashSet<string> roles)
    {
        UniqueAddress = uniqueAddress;
        UpNumber = upNumber;
        Status = status;
        Roles = roles;
    }

    public UniqueAddress UniqueAddress { get; }

    public MemberStatus Status { get; }

    public ImmutableHashSet<string> Roles { get; }

    public Address Address => UniqueAddress.Address;

    /// <summary>The how-manieth member of this cluster it was to become Up: its age.</summary>
    internal int UpNumber { get; }

    public int CompareTo(Member other) => UniqueAddress.CompareTo(other?.UniqueAddress);

    int IComparable.CompareTo(object obj) => CompareTo(obj as Member);

    public bool HasRole(string role) => Roles.Contains(role);

    public bool IsOlderThan(Member other) => UpNumber == other.UpNumber ? AddressOrdering.Compare(Address, other.Address) < 0 : UpNumber < other.UpNumber;

    public Member Copy(MemberStatus status)
    {
        if (status == Status)
        {
            return this;
        }

        if (!IsAllowed(Status, status))
        {
            throw new InvalidOperationException($"Invalid member status transition {Status} -> {status}");
        }

        return new Member(UniqueAddress, UpNumber, status, Roles);
    }

    public Member CopyUp(int upNumber) => new Member(UniqueAddress, upNumber, Status, Roles).Copy(MemberStatus.Up);

    public override bool Equals(object obj) => obj is Member other && UniqueAddress.Equals(other.UniqueAddress);

    public override int GetHashCode() => UniqueAddress.GetHashCode();

    public override string ToString() => $"Member(address = {Address}, Uid={UniqueAddress.Uid} status = {Status}, role=[{string.Join(",", Roles)}], upNumber={UpNumber})";

    private static int CompareAddresses(Address left, Address right)
    {
        if (ReferenceEquals(left, right))
        {
            return 0;
        }

        var byHost = string.CompareOrdinal(left.Host ?? "", right.Host ?? "");
        return byHost != 0 ? byHost : (left.Port ?? 0).CompareTo(right.Port ?? 0);
    }

    private static bool IsAllowed(MemberStatus from, MemberStatus to) => from switch
    {
        MemberStatus.Joining => to is MemberStatus.WeaklyUp or MemberStatus.Up or MemberStatus.Leaving or MemberStatus.Down or MemberStatus.Removed,
        MemberStatus.WeaklyUp => to is MemberStatus.Up or MemberStatus.Leaving or MemberStatus.Down or MemberStatus.Removed,
        MemberStatus.Up => to is MemberStatus.Leaving or MemberStatus.Down or MemberStatus.Removed,
        MemberStatus.Leaving => to is MemberStatus.Exiting or MemberStatus.Down or MemberStatus.Removed,
        MemberStatus.Exiting => to is MemberStatus.Down or MemberStatus.Removed,
        MemberStatus.Down => to is MemberStatus.Removed,
        _ => false,
    };
}
