using System.Globalization;
using Akka.Actor;

namespace Akka.Serialization;

/// <summary>Turns objects into bytes and back. Its identifier goes with the bytes, so that the other end finds the same serializer.</summary>
public abstract class Serializer
{
    protected readonly ExtendedActorSystem system;

    private int? _identifier;

    protected Serializer(ExtendedActorSystem system) => this.system = system;

    /// <summary>Unless overridden, what <c>akka.actor.serialization-identifiers</c> says for this class.</summary>
    public virtual int Identifier => _identifier ??= FromConfig();

    /// <summary>Whether the type of the object goes with the bytes.</summary>
    public abstract bool IncludeManifest { get; }

    public abstract byte[] ToBinary(object obj);

    /// <summary>As <see cref="ToBinary"/>, with references to actors written as those at <paramref name="address"/> can resolve them.</summary>
    public byte[] ToBinaryWithAddress(Address address, object obj) => Serialization.WithTransport(system, address, () => ToBinary(obj));

    public abstract object FromBinary(byte[] bytes, Type type);

    public T FromBinary<T>(byte[] bytes) => (T)FromBinary(bytes, typeof(T));

    private int FromConfig()
    {
        var identifiers = system.Settings.Config.GetConfig("akka.actor.serialization-identifiers");
        var identifier = identifiers.Keys.FirstOrDefault(name => Type.GetType(name, throwOnError: false) == GetType())
            ?? throw new ArgumentException($"Couldn't find serializer id for [{GetType()}] under [akka.actor.serialization-identifiers]");
        return int.Parse(identifiers.GetString($"\"{identifier}\""), CultureInfo.InvariantCulture);
    }
}

/// <summary>A serializer that names the types of its objects by strings of its own.</summary>
public abstract class SerializerWithStringManifest : Serializer
{
    protected SerializerWithStringManifest(ExtendedActorSystem system)
        : base(system)
    {
    }

    public sealed override bool IncludeManifest => true;

    public sealed override object FromBinary(byte[] bytes, Type type) => FromBinary(bytes, type is null ? "" : Serialization.NameOf(type));

    public abstract object FromBinary(byte[] bytes, string manifest);

    public abstract string Manifest(object o);
}

public class ByteArraySerializer : Serializer
{
    public ByteArraySerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    public override bool IncludeManifest => false;

    public override byte[] ToBinary(object obj) => obj switch
    {
        null => null,
        byte[] bytes => bytes,
        _ => throw new NotSupportedException("ByteArraySerializer only supports byte arrays"),
    };

    public override object FromBinary(byte[] bytes, Type type) => bytes;
}

/// <summary>Whose addresses references to actors get while a message for elsewhere is being serialized.</summary>
public sealed record Information
{
    public Information(Address address, ActorSystem system)
    {
        Address = address;
        System = system;
    }

    public Address Address { get; }

    public ActorSystem System { get; }
}
