using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using Akka.Configuration;

namespace Akka.Actor;

/// <summary>Knows where the actors of a system are: by which address others reach them, and whom a path stands for.</summary>
public interface IActorRefProvider
{
    ActorPath RootPath { get; }

    Settings Settings { get; }

    IActorRef DeadLetters { get; }

    /// <summary>The address by which other systems reach this one; without remoting <c>akka://name</c>.</summary>
    Address DefaultAddress { get; }

    /// <summary>The address of this system that <paramref name="address"/> can reach; null when there is none.</summary>
    Address GetExternalAddressFor(Address address);

    IActorRef RootGuardianAt(Address address);

    /// <summary>Whoever is at the path. What is told to a path that nobody has, or that is none, goes to the dead letters.</summary>
    IActorRef ResolveActorRef(string path);

    IActorRef ResolveActorRef(ActorPath actorPath);
}

/// <summary>The provider of a system that is alone; remoting derives from it.</summary>
internal class LocalActorRefProvider(ActorSystemImpl system) : IActorRefProvider
{
    private readonly ConcurrentDictionary<string, IInternalActorRef> _temporary = new();

    public ActorSystemImpl System => system;

    public ActorPath RootPath => system.RootPath;

    public Settings Settings => system.Settings;

    public IActorRef DeadLetters => system.DeadLetters;

    public virtual Address DefaultAddress => RootPath.Address;

    /// <summary>The provider that <c>akka.actor.provider</c> names: local, remote, cluster, or a class.</summary>
    public static LocalActorRefProvider Create(ActorSystemImpl system)
    {
        var name = system.Settings.Config.GetString("akka.actor.provider", "local");
        var typeName = name switch
        {
            "" or "local" => typeof(LocalActorRefProvider).AssemblyQualifiedName,
            "remote" => "Akka.Remote.RemoteActorRefProvider, Akka.Remote",
            "cluster" => "Akka.Cluster.ClusterActorRefProvider, Akka.Cluster",
            _ => name,
        };
        var type = Type.GetType(typeName, throwOnError: false);
        return type is not null && typeof(LocalActorRefProvider).IsAssignableFrom(type)
            ? (LocalActorRefProvider)Activator.CreateInstance(type, BindingFlags.Instance | BindingFlags.Public, null, [system], CultureInfo.InvariantCulture)
            : throw new ConfigurationException($"akka.actor.provider is '{name}': local, remote or cluster is expected, and the package that it needs");
    }

    /// <summary>Begins to serve, when the guardians are there and before anybody gets to see the system. Throws when it cannot.</summary>
    public virtual void Start()
    {
    }

    /// <summary>Takes leave of other systems, when the actors of <c>/user</c> have ended and before those of <c>/system</c> do.</summary>
    public virtual Task Stop() => Task.CompletedTask;

    public virtual bool IsOwn(Address address) => address == RootPath.Address;

    public virtual Address GetExternalAddressFor(Address address) => IsOwn(address) ? RootPath.Address : null;

    public IActorRef RootGuardianAt(Address address) => IsOwn(address) ? system.Root : Elsewhere(new RootActorPath(address));

    public IActorRef ResolveActorRef(string path) => ActorPath.TryParse(path, out var parsed) ? ResolveActorRef(parsed) : DeadLetters;

    public IActorRef ResolveActorRef(ActorPath actorPath) => IsOwn(actorPath.Address) ? ResolveOwn(actorPath) : Elsewhere(actorPath);

    public void AddTemporary(IInternalActorRef reference) => _temporary[reference.Path.Name] = reference;

    public void RemoveTemporary(IInternalActorRef reference) => _temporary.TryRemove(reference.Path.Name, out _);

    /// <summary>The reference to an actor of another system.</summary>
    protected virtual IInternalActorRef Elsewhere(ActorPath path) => new VacantActorRef(system, path);

    private IInternalActorRef ResolveOwn(ActorPath path)
    {
        var elements = path.Elements;
        if (elements is ["deadLetters"])
        {
            return system.DeadLetterRef;
        }

        if (elements is ["temp", var name])
        {
            return _temporary.TryGetValue(name, out var temporary) ? temporary : new VacantActorRef(system, path);
        }

        IActorRef at = system.Root;
        foreach (var element in elements)
        {
            at = at is LocalActorRef parent ? parent.Cell.Child(element) : ActorRefs.Nobody;
        }

        return at is LocalActorRef found && (path.Uid == ActorPath.UndefinedUid || path.Uid == found.Path.Uid)
            ? found
            : new VacantActorRef(system, (new RootActorPath(RootPath.Address) / elements).WithUid(path.Uid));
    }
}

/// <summary>A path that no actor has, or no longer.</summary>
internal sealed class VacantActorRef(ActorSystemImpl system, ActorPath path) : InternalActorRef
{
    public override ActorPath Path => path;

    public override ActorSystemImpl System => system;

    public override void Tell(object message, IActorRef sender)
    {
        InvalidMessageException.ThrowIfNull(message);
        system.DeadLetterRef.Publish(message, sender, this);
    }

    public override void SendSystemMessage(ISystemMessage message) => system.DeadLetterRef.SendSystemMessage(message);
}
