using System.Buffers.Binary;
using System.Runtime.Serialization;
using System.Text;
using Akka.Actor;

namespace Akka.Serialization;

/// <summary>Strings, numbers, truth values and Guids.</summary>
internal sealed class PrimitiveSerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public override int Identifier => 17;

    public override string Manifest(object o) => o switch
    {
        string => "S",
        int => "I",
        long => "L",
        bool => "B",
        double => "D",
        Guid => "G",
        _ => throw new SerializationException($"{o?.GetType()} is no primitive"),
    };

    public override byte[] ToBinary(object obj)
    {
        var number = new byte[8];
        switch (obj)
        {
            case string text:
                return Encoding.UTF8.GetBytes(text);
            case int value:
                BinaryPrimitives.WriteInt32LittleEndian(number, value);
                return number[..4];
            case long value:
                BinaryPrimitives.WriteInt64LittleEndian(number, value);
                return number;
            case bool value:
                return [value ? (byte)1 : (byte)0];
            case double value:
                BinaryPrimitives.WriteDoubleLittleEndian(number, value);
                return number;
            case Guid value:
                return value.ToByteArray();
            default:
                throw new SerializationException($"{obj?.GetType()} is no primitive");
        }
    }

    public override object FromBinary(byte[] bytes, string manifest) => (manifest, bytes.Length) switch
    {
        ("S", _) => Encoding.UTF8.GetString(bytes),
        ("I", 4) => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        ("L", 8) => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        ("B", 1) => bytes[0] != 0,
        ("D", 8) => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        ("G", 16) => new Guid(bytes),
        _ => throw new SerializationException($"'{manifest}' of {bytes.Length} bytes is no primitive"),
    };
}
