using System.Collections.Concurrent;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Serialization;

/// <summary>
/// The serializers of a system: <c>akka.actor.serializers</c> names them, <c>serialization-bindings</c> says which types they are for.
/// A type without a binding is refused; the real one falls back on JSON.
/// </summary>
public class Serialization
{
    [ThreadStatic]
    private static Information t_transport;

    private readonly ConcurrentDictionary<int, Serializer> _byIdentifier = new();
    private readonly ConcurrentDictionary<string, Serializer> _byName = new();
    private readonly ConcurrentDictionary<Type, Serializer> _bindings = new();

    /// <summary>What was found for types that are not bound themselves.</summary>
    private readonly ConcurrentDictionary<Type, Serializer> _found = new();

    public Serialization(ExtendedActorSystem system)
    {
        System = system;
        var config = system.Settings.Config;
        AddConfigured(config.GetConfig("akka.actor.serializers"), config.GetConfig("akka.actor.serialization-bindings"));
    }

    public ExtendedActorSystem System { get; }

    public static string ManifestFor(Serializer s, object msg) => s switch
    {
        SerializerWithStringManifest withManifest => withManifest.Manifest(msg),
        { IncludeManifest: true } => NameOf(msg.GetType()),
        _ => "",
    };

    public static Information GetCurrentTransportInformation() =>
        t_transport ?? throw new InvalidOperationException("CurrentTransportInformation is not set. Use Serialization.WithTransport");

    public static T WithTransport<T>(ActorSystem system, Address address, Func<T> action)
    {
        var before = t_transport;
        t_transport = new Information(address, system);
        try
        {
            return action();
        }
        finally
        {
            t_transport = before;
        }
    }

    public static T WithTransport<T>(ExtendedActorSystem system, Func<T> action) => WithTransport(system, system.Provider.DefaultAddress, action);

    /// <summary>The path of a reference with the address by which other systems reach it.</summary>
    public static string SerializedActorPath(IActorRef actorRef)
    {
        if (actorRef is null)
        {
            return "";
        }

        var owner = actorRef is Nobody ? null : (actorRef as IInternalActorRef)?.System;
        return t_transport is { } transport && (owner is null || owner == transport.System)
            ? actorRef.Path.ToSerializationFormatWithAddress(transport.Address)
            : owner is null ? actorRef.Path.ToSerializationFormat() : actorRef.Path.ToSerializationFormatWithAddress(owner.Provider.DefaultAddress);
    }

    public void AddSerializer(Serializer serializer)
    {
        if (!_byIdentifier.TryAdd(serializer.Identifier, serializer) && _byIdentifier[serializer.Identifier].GetType() != serializer.GetType())
        {
            throw new ArgumentException($"Serializer with identifier [{serializer.Identifier}] already registered: {_byIdentifier[serializer.Identifier].GetType()} and {serializer.GetType()}");
        }
    }

    public void AddSerializer(string name, Serializer serializer)
    {
        AddSerializer(serializer);
        _byName[name] = serializer;
    }

    public void AddSerializationMap(Type type, Serializer serializer)
    {
        _bindings[type] = serializer;
        _found.Clear();
    }

    public byte[] Serialize(object o) => WithTransport(System, () => FindSerializerFor(o).ToBinary(o));

    public object Deserialize(byte[] bytes, int serializerId, Type type) => WithTransport(System, () => ById(serializerId, type?.FullName).FromBinary(bytes, type));

    public object Deserialize(byte[] bytes, int serializerId, string manifest)
    {
        var serializer = ById(serializerId, manifest);
        return WithTransport(System, () => serializer switch
        {
            SerializerWithStringManifest withManifest => withManifest.FromBinary(bytes, manifest),
            _ when string.IsNullOrEmpty(manifest) => serializer.FromBinary(bytes, null),
            _ => serializer.FromBinary(bytes, Bound(manifest, serializer)),
        });
    }

    public Serializer FindSerializerFor(object obj, string defaultSerializerName = null) => FindSerializerForType(obj?.GetType() ?? typeof(object), defaultSerializerName);

    /// <summary>The serializer of the type itself, else of the most derived type that it is a kind of.</summary>
    public Serializer FindSerializerForType(Type objectType, string defaultSerializerName = null)
    {
        if (_bindings.TryGetValue(objectType, out var bound) || _found.TryGetValue(objectType, out bound))
        {
            return bound;
        }

        Type closest = null;
        foreach (var type in _bindings.Keys)
        {
            if (type.IsAssignableFrom(objectType) && (closest is null || closest.IsAssignableFrom(type)))
            {
                closest = type;
            }
        }

        if (closest is not null)
        {
            return _found[objectType] = _bindings[closest];
        }

        return defaultSerializerName is not null && _byName.TryGetValue(defaultSerializerName, out var named)
            ? named
            : throw new SerializationException($"No serializer is bound to {objectType.FullName}: bind one in akka.actor.serialization-bindings");
    }

    public IActorRef DeserializeActorRef(string path) => System.Provider.ResolveActorRef(path);

    /// <summary>Adds what is configured, also by a package's defaults that come later. What names nothing is left out with a warning.</summary>
    internal void AddConfigured(Config serializers, Config bindings)
    {
        foreach (var name in serializers.Keys)
        {
            var typeName = serializers.GetString($"\"{name}\"");
            if (Type.GetType(typeName, throwOnError: false) is { } type)
            {
                AddSerializer(name, Make(type));
            }
            else
            {
                System.Log.Warning("The type name for serializer '{0}' did not resolve to an actual Type: '{1}'", name, typeName);
            }
        }

        foreach (var typeName in bindings.Keys)
        {
            var name = bindings.GetString($"\"{typeName}\"");
            if (!_byName.TryGetValue(name, out var serializer))
            {
                System.Log.Warning("Serialization binding to non existing serializer: '{0}'", name);
            }
            else if (Type.GetType(typeName, throwOnError: false) is { } type)
            {
                AddSerializationMap(type, serializer);
            }
            else
            {
                System.Log.Warning("The type name for message/serializer binding '{0}' did not resolve to an actual Type: '{1}'", name, typeName);
            }
        }
    }

    /// <summary>The name by which another process of the same program finds the type.</summary>
    internal static string NameOf(Type type) => $"{type.FullName}, {type.Assembly.GetName().Name}";

    private Serializer Make(Type type)
    {
        try
        {
            return (Serializer)Activator.CreateInstance(type, System);
        }
        catch (Exception cause) when (cause is MissingMethodException or InvalidCastException)
        {
            throw new ConfigurationException($"{type} is no serializer with a constructor that takes an ExtendedActorSystem", cause);
        }
    }

    private Serializer ById(int identifier, string manifest) => _byIdentifier.TryGetValue(identifier, out var serializer)
        ? serializer
        : throw new SerializationException(
            $"Cannot find serializer with id [{identifier}] (class [{manifest}]). The most probable reason is that the configuration entry 'akka.actor.serializers' is not in sync between the two systems.");

    /// <summary>The type that a manifest from elsewhere names: only one that is bound to its serializer.</summary>
    private Type Bound(string manifest, Serializer serializer) =>
        Type.GetType(manifest, throwOnError: false) is { } type && FindSerializerForType(type) == serializer
            ? type
            : throw new SerializationException($"Cannot find manifest class [{manifest}] for serializer with id [{serializer.Identifier}].");
}
