using System.Globalization;

namespace Akka.Actor;

/// <summary>Names an actor from the root of its system. Two paths are equal when address and names are; the uid tells apart actors that had a path one after the other.</summary>
public abstract class ActorPath : IEquatable<ActorPath>, IComparable<ActorPath>
{
    public const string ValidSymbols = "\"-_.*$+:@&=,!~';()";

    /// <summary>The uid of a path that stands for whichever actor has it.</summary>
    internal const long UndefinedUid = 0;

    protected ActorPath(Address address, string name)
    {
        Address = address;
        Name = name;
    }

    protected ActorPath(ActorPath parentPath, string name, long uid)
    {
        Parent = parentPath;
        Address = parentPath.Address;
        Depth = parentPath.Depth + 1;
        Name = name;
        Uid = uid;
    }

    public string Name { get; }

    public Address Address { get; }

    public long Uid { get; }

    public ActorPath Parent { get; }

    public int Depth { get; }

    public IReadOnlyList<string> Elements
    {
        get
        {
            var elements = new string[Depth];
            for (var at = this; at.Depth > 0; at = at.Parent)
            {
                elements[at.Depth - 1] = at.Name;
            }

            return elements;
        }
    }

    public ActorPath Root => ParentOf(0);

    public static bool IsValidPathElement(string s)
    {
        if (string.IsNullOrEmpty(s) || s[0] == '$')
        {
            return false;
        }

        for (var i = 0; i < s.Length; i++)
        {
            var valid = char.IsAsciiLetterOrDigit(s[i])
                || ValidSymbols.Contains(s[i])
                || (s[i] == '%' && i + 2 < s.Length && char.IsAsciiHexDigit(s[i + 1]) && char.IsAsciiHexDigit(s[i + 2]));
            if (!valid)
            {
                return false;
            }
        }

        return true;
    }

    public ActorPath ParentOf(int depth)
    {
        var at = this;
        while (at.Depth > Math.Max(depth, 0))
        {
            at = at.Parent;
        }

        return at;
    }

    public ActorPath Child(string childName) => this / childName;

    public ActorPath WithUid(long uid) => Depth == 0 || uid == Uid ? this : new ChildActorPath(Parent, Name, uid);

    public static ActorPath Parse(string path) => TryParse(path, out var result) ? result : throw new UriFormatException($"Can not parse an ActorPath: {path}");

    public static bool TryParse(string path, out ActorPath actorPath)
    {
        actorPath = null;
        if (!Address.TryParse(path, out var address, out var rest))
        {
            return false;
        }

        var uid = UndefinedUid;
        var hash = rest.IndexOf('#');
        if (hash >= 0)
        {
            if (!long.TryParse(rest.AsSpan(hash + 1), NumberStyles.None, CultureInfo.InvariantCulture, out uid))
            {
                return false;
            }

            rest = rest[..hash];
        }

        actorPath = (new RootActorPath(address) / rest.Split('/', StringSplitOptions.RemoveEmptyEntries)).WithUid(uid);
        return true;
    }

    public string ToStringWithoutAddress() => "/" + string.Join('/', Elements);

    public string ToStringWithUid() => Uid == UndefinedUid ? ToString() : $"{this}#{Uid}";

    public string ToStringWithAddress() => ToStringWithAddress(Address);

    public string ToStringWithAddress(Address address) => (Address.HasGlobalScope ? Address : address) + ToStringWithoutAddress();

    public string ToSerializationFormat() => ToStringWithUid();

    public string ToSerializationFormatWithAddress(Address address) =>
        Uid == UndefinedUid ? ToStringWithAddress(address) : $"{ToStringWithAddress(address)}#{Uid}";

    public int CompareTo(ActorPath other) => other is null ? 1 : string.CompareOrdinal(ToString(), other.ToString());

    public bool Equals(ActorPath other)
    {
        if (other is null || Depth != other.Depth || Address != other.Address)
        {
            return false;
        }

        for (ActorPath left = this, right = other; left.Depth > 0; left = left.Parent, right = right.Parent)
        {
            if (left.Name != right.Name)
            {
                return false;
            }
        }

        return true;
    }

    public override bool Equals(object obj) => Equals(obj as ActorPath);

    public override int GetHashCode() => HashCode.Combine(Address, Depth, Name);

    public override string ToString() => Address + ToStringWithoutAddress();

    public static ActorPath operator /(ActorPath path, string name)
    {
        var hash = name.IndexOf('#');
        return hash < 0
            ? new ChildActorPath(path, name, UndefinedUid)
            : new ChildActorPath(path, name[..hash], long.Parse(name.AsSpan(hash + 1), CultureInfo.InvariantCulture));
    }

    public static ActorPath operator /(ActorPath path, IEnumerable<string> name) =>
        name.Where(element => element.Length > 0).Aggregate(path, (at, element) => at / element);

    public static bool operator ==(ActorPath left, ActorPath right) => Equals(left, right);

    public static bool operator !=(ActorPath left, ActorPath right) => !Equals(left, right);
}

public sealed class RootActorPath : ActorPath
{
    public RootActorPath(Address address, string name = "")
        : base(address, name)
    {
    }
}

public sealed class ChildActorPath : ActorPath
{
    public ChildActorPath(ActorPath parentPath, string name, long uid)
        : base(parentPath, name, uid)
    {
    }
}
