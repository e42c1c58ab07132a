using Akka.Actor;

namespace Akka.Cluster;

/// <summary>One incarnation of an actor system: a system that starts again on the same address has another uid.</summary>
public class UniqueAddress : IComparable<UniqueAddress>, IEquatable<UniqueAddress>, IComparable
{
    public UniqueAddress(Address address, int uid)
    {
        Address = address;
        Uid = uid;
    }

    public Address Address { get; }

    public int Uid { get; }

    public int CompareTo(UniqueAddress uniqueAddress)
    {
        if (uniqueAddress is null)
        {
            return 1;
        }

        var byAddress = Member.AddressOrdering.Compare(Address, uniqueAddress.Address);
        return byAddress != 0 ? byAddress : Uid.CompareTo(uniqueAddress.Uid);
    }

    int IComparable.CompareTo(object obj) =>
        obj is UniqueAddress other ? CompareTo(other) : throw new ArgumentException($"Cannot compare {nameof(UniqueAddress)} to instance of type '{obj?.GetType().FullName ?? "null"}'.");

    public bool Equals(UniqueAddress other) => other is not null && Uid == other.Uid && Address.Equals(other.Address);

    public override bool Equals(object obj) => Equals(obj as UniqueAddress);

    public override int GetHashCode() => Uid;

    public override string ToString() => $"UniqueAddress: ({Address}, {Uid})";

    public static bool operator ==(UniqueAddress left, UniqueAddress right) => Equals(left, right);

    public static bool operator !=(UniqueAddress left, UniqueAddress right) => !Equals(left, right);
}
