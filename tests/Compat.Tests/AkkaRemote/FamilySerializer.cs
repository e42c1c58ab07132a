using System.Text;
using Akka.Actor;
using Akka.Serialization;

namespace Compat.Tests.AkkaRemote;

/// <summary>The messages of these tests.</summary>
public interface IFamily;

public sealed record Greeting(string Text) : IFamily;

public sealed record Introduction(IActorRef Who) : IFamily;

/// <summary>One that its serializer writes and cannot read.</summary>
public sealed record Indigestible : IFamily;

/// <summary>One that its serializer cannot write.</summary>
public sealed record Unspeakable : IFamily;

public sealed class FamilySerializer(ExtendedActorSystem system) : SerializerWithStringManifest(system)
{
    public override int Identifier => 9001;

    public override string Manifest(object o) => o switch
    {
        Greeting => "g",
        Introduction => "i",
        Indigestible => "x",
        Unspeakable => "u",
        _ => throw new ArgumentException($"{o.GetType()} is not of the family"),
    };

    public override byte[] ToBinary(object obj) => obj switch
    {
        Greeting greeting => Encoding.UTF8.GetBytes(greeting.Text),
        Introduction introduction => Encoding.UTF8.GetBytes(Serialization.SerializedActorPath(introduction.Who)),
        Indigestible => [1, 2, 3],
        _ => throw new InvalidOperationException("no words for it"),
    };

    public override object FromBinary(byte[] bytes, string manifest) => manifest switch
    {
        "g" => new Greeting(Encoding.UTF8.GetString(bytes)),
        "i" => new Introduction(system.Provider.ResolveActorRef(Encoding.UTF8.GetString(bytes))),
        _ => throw new InvalidOperationException($"'{manifest}' cannot be read"),
    };
}
