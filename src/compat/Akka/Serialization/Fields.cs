using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;

namespace Akka.Serialization;

/// <summary>Writes the fields of a message one after the other.</summary>
internal sealed class FieldWriter(Serialization serialization) : IDisposable
{
    private readonly MemoryStream _bytes = new();

    public FieldWriter Number(long value)
    {
        var rest = (ulong)value;
        while (rest > 0x7f)
        {
            _bytes.WriteByte((byte)(rest | 0x80));
            rest >>= 7;
        }

        _bytes.WriteByte((byte)rest);
        return this;
    }

    public FieldWriter Flag(bool value) => Number(value ? 1 : 0);

    public FieldWriter Block(ReadOnlySpan<byte> value)
    {
        Number(value.Length);
        _bytes.Write(value);
        return this;
    }

    public FieldWriter Text(string value) => Block(Encoding.UTF8.GetBytes(value ?? ""));

    public FieldWriter Texts(IReadOnlyCollection<string> values)
    {
        Number(values.Count);
        foreach (var value in values)
        {
            Text(value);
        }

        return this;
    }

    /// <summary>Null is nobody in particular and comes back as null.</summary>
    public FieldWriter Actor(IActorRef value) => Text(Serialization.SerializedActorPath(value));

    /// <summary>An object of any bound type, or null.</summary>
    public FieldWriter Object(object value)
    {
        Flag(value is not null);
        if (value is null)
        {
            return this;
        }

        var serializer = serialization.FindSerializerFor(value);
        return Number(serializer.Identifier).Text(Serialization.ManifestFor(serializer, value)).Block(serializer.ToBinary(value));
    }

    public byte[] ToArray() => _bytes.ToArray();

    public void Dispose() => _bytes.Dispose();
}

/// <summary>Reads what <see cref="FieldWriter"/> wrote; whatever else it is given, it throws a <see cref="SerializationException"/>.</summary>
internal ref struct FieldReader(Serialization serialization, ReadOnlySpan<byte> bytes)
{
    /// <summary>Objects within objects; a hostile message must not take the stack.</summary>
    private const int MaximumDepth = 32;

    [ThreadStatic]
    private static int t_depth;

    private ReadOnlySpan<byte> _rest = bytes;

    public long Number()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            if (_rest.IsEmpty)
            {
                break;
            }

            var next = _rest[0];
            _rest = _rest[1..];
            value |= (ulong)(next & 0x7f) << shift;
            if (next < 0x80)
            {
                return (long)value;
            }
        }

        throw Broken();
    }

    public bool Flag() => Number() != 0;

    public ReadOnlySpan<byte> Block()
    {
        var length = Number();
        if (length < 0 || length > _rest.Length)
        {
            throw Broken();
        }

        var block = _rest[..(int)length];
        _rest = _rest[(int)length..];
        return block;
    }

    public string Text() => Encoding.UTF8.GetString(Block());

    public string[] Texts()
    {
        var count = Number();
        if (count < 0 || count > _rest.Length)
        {
            throw Broken();
        }

        var texts = new string[count];
        for (var i = 0; i < texts.Length; i++)
        {
            texts[i] = Text();
        }

        return texts;
    }

    public IActorRef Actor() => Text() is { Length: > 0 } path ? serialization.System.Provider.ResolveActorRef(path) : null;

    public object Object()
    {
        if (!Flag())
        {
            return null;
        }

        var identifier = Number();
        var manifest = Text();
        var bytes = Block().ToArray();
        if (t_depth == MaximumDepth || identifier != (int)identifier)
        {
            throw Broken();
        }

        t_depth++;
        try
        {
            return serialization.Deserialize(bytes, (int)identifier, manifest);
        }
        finally
        {
            t_depth--;
        }
    }

    private static SerializationException Broken() => new("the bytes are no message of this kind");
}
