using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Xunit;

namespace Compat.Tests.Akka;

public sealed class SerializationTests : QuietTestKit
{
    private const string Settings =
        """
        akka.actor {
          serializers { general = "Compat.Tests.Akka.SerializationTests+General, Compat.Tests", special = "Compat.Tests.Akka.SerializationTests+Special, Compat.Tests" }
          serialization-identifiers { "Compat.Tests.Akka.SerializationTests+General, Compat.Tests" = 7001 }
          serialization-bindings {
            "Compat.Tests.Akka.SerializationTests+IMessage, Compat.Tests" = general
            "Compat.Tests.Akka.SerializationTests+Exceptional, Compat.Tests" = special
          }
        }
        """;

    public SerializationTests()
        : base(Settings)
    {
    }

    public interface IMessage;

    [Fact]
    public void A_type_is_served_by_its_binding_and_else_by_that_of_its_base_or_interface()
    {
        var serialization = Sys.Serialization;
        Assert.IsType<General>(serialization.FindSerializerFor(new Usual("a")));
        Assert.IsType<Special>(serialization.FindSerializerFor(new Exceptional("a")));
        Assert.IsType<Special>(serialization.FindSerializerForType(typeof(MoreExceptional)));
        Assert.IsType<ByteArraySerializer>(serialization.FindSerializerFor(new byte[1]));
    }

    [Fact]
    public void An_identifier_comes_from_the_configuration_or_the_serializer()
    {
        Assert.Equal(7001, Sys.Serialization.FindSerializerForType(typeof(Usual)).Identifier);
        Assert.Equal(7002, Sys.Serialization.FindSerializerForType(typeof(Exceptional)).Identifier);
    }

    [Fact]
    public void Bytes_find_back_to_their_object_by_identifier_and_manifest()
    {
        var message = new Exceptional("text");
        var serializer = Sys.Serialization.FindSerializerFor(message);
        var manifest = global::Akka.Serialization.Serialization.ManifestFor(serializer, message);
        Assert.Equal("e", manifest);
        Assert.Equal(message, Sys.Serialization.Deserialize(Sys.Serialization.Serialize(message), 7002, manifest));
    }

    [Fact]
    public void A_serializer_that_wants_the_type_gets_it()
    {
        var message = new Usual("text");
        var serializer = Sys.Serialization.FindSerializerFor(message);
        var manifest = global::Akka.Serialization.Serialization.ManifestFor(serializer, message);
        Assert.Equal("Compat.Tests.Akka.SerializationTests+Usual, Compat.Tests", manifest);
        Assert.Equal(message, Sys.Serialization.Deserialize(Sys.Serialization.Serialize(message), 7001, manifest));
    }

    [Fact]
    public void Unknown_identifiers_and_manifests_are_refused()
    {
        Assert.Throws<SerializationException>(() => Sys.Serialization.Deserialize([1], 999, "e"));
        Assert.Throws<SerializationException>(() => Sys.Serialization.Deserialize([1], 7001, "No.Such.Type, Nowhere"));
        Assert.Throws<ArgumentException>(() => Sys.Serialization.Deserialize([1], 7002, "unknown"));
    }

    [Fact]
    public void A_reference_is_written_with_the_address_of_its_system()
    {
        var path = global::Akka.Serialization.Serialization.SerializedActorPath(TestActor);
        Assert.Equal(TestActor.Path.ToSerializationFormat(), path);
        Assert.Same(TestActor, ((ExtendedActorSystem)Sys).Provider.ResolveActorRef(path));
        var elsewhere = new Address("akka.loop", "elsewhere", "10.0.0.1", 2551);
        var seen = new AkkaRemote.FamilySerializer((ExtendedActorSystem)Sys).ToBinaryWithAddress(elsewhere, new AkkaRemote.Introduction(TestActor));
        Assert.Equal(TestActor.Path.ToSerializationFormatWithAddress(elsewhere), System.Text.Encoding.UTF8.GetString(seen));
        Assert.Equal("", global::Akka.Serialization.Serialization.SerializedActorPath(ActorRefs.NoSender));
    }

    public sealed record Usual(string Text) : IMessage;

    public record Exceptional(string Text);

    public sealed record MoreExceptional(string Text) : Exceptional(Text);

    public sealed class General(ExtendedActorSystem system) : Serializer(system)
    {
        public override bool IncludeManifest => true;

        public override byte[] ToBinary(object obj) => System.Text.Encoding.UTF8.GetBytes(((Usual)obj).Text);

        public override object FromBinary(byte[] bytes, Type type) =>
            type == typeof(Usual) ? new Usual(System.Text.Encoding.UTF8.GetString(bytes)) : throw new ArgumentException($"{type} is unknown");
    }

    public sealed class Special(ExtendedActorSystem system) : SerializerWithStringManifest(system)
    {
        public override int Identifier => 7002;

        public override string Manifest(object o) => "e";

        public override byte[] ToBinary(object obj) => System.Text.Encoding.UTF8.GetBytes(((Exceptional)obj).Text);

        public override object FromBinary(byte[] bytes, string manifest) =>
            manifest == "e" ? new Exceptional(System.Text.Encoding.UTF8.GetString(bytes)) : throw new ArgumentException($"'{manifest}' is unknown");
    }
}
