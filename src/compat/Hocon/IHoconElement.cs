namespace Hocon;

/// <summary>A node of a parsed document.</summary>
public interface IHoconElement : IEquatable<IHoconElement>
{
    HoconType Type { get; }

    HoconObject GetObject();

    string? GetString();

    IList<HoconValue> GetArray();
}

/// <summary>What a value is once it is resolved.</summary>
public enum HoconType
{
    Empty = 0,
    Array = 1,
    Object = 2,
    Number = 3,
    Boolean = 4,
    String = 5,
}
