namespace Hocon;

/// <summary>The value of a field or of an element of an array, resolved.</summary>
public class HoconValue : List<IHoconElement>, IHoconElement
{
    public HoconValue(IHoconElement? parent)
    {
        _ = parent;
    }

    public virtual HoconType Type => Count == 0 ? HoconType.Empty : this[0].Type;

    public virtual HoconObject GetObject() => Content().GetObject();

    public virtual string? GetString() => Content().GetString();

    public virtual IList<HoconValue> GetArray() => Content().GetArray();

    public bool Equals(IHoconElement? other) => ReferenceEquals(this, other);

    internal static HoconValue Of(IHoconElement content) => new(null) { content };

    private IHoconElement Content() => Count == 0 ? Literal.Null : this[0];
}

/// <summary>The fields of an object by their keys.</summary>
public class HoconObject : Dictionary<string, HoconField>, IHoconElement
{
    public HoconObject(IHoconElement? parent)
    {
        _ = parent;
    }

    public HoconType Type => HoconType.Object;

    public HoconObject GetObject() => this;

    public string GetString() => throw new HoconException("an object is not a string");

    public IList<HoconValue> GetArray() => throw new HoconException("an object is not an array");

    public bool Equals(IHoconElement? other) => ReferenceEquals(this, other);
}

/// <summary>A key of an object with its value.</summary>
public sealed class HoconField : IHoconElement
{
    public HoconField(string key, HoconObject parent)
    {
        Key = key;
        _ = parent;
    }

    public string Key { get; }

    public HoconValue Value { get; internal set; } = new(null);

    public HoconType Type => Value.Type;

    public HoconObject GetObject() => Value.GetObject();

    public string? GetString() => Value.GetString();

    public IList<HoconValue> GetArray() => Value.GetArray();

    public bool Equals(IHoconElement? other) => ReferenceEquals(this, other);
}

/// <summary>The elements of an array.</summary>
public sealed class HoconArray : List<HoconValue>, IHoconElement
{
    public HoconArray(IHoconElement? parent)
    {
        _ = parent;
    }

    public HoconType Type => HoconType.Array;

    public HoconObject GetObject() => throw new HoconException("an array is not an object");

    public string GetString() => throw new HoconException("an array is not a string");

    public IList<HoconValue> GetArray() => this;

    public bool Equals(IHoconElement? other) => ReferenceEquals(this, other);
}

/// <summary>A string, number, boolean or null as it was written.</summary>
internal sealed class Literal(string? text, HoconType type) : IHoconElement
{
    public static Literal Null { get; } = new(null, HoconType.Empty);

    public HoconType Type => type;

    public HoconObject GetObject() => throw new HoconException("a literal is not an object");

    public string? GetString() => text;

    public IList<HoconValue> GetArray() => throw new HoconException("a literal is not an array");

    public bool Equals(IHoconElement? other) => ReferenceEquals(this, other);
}
