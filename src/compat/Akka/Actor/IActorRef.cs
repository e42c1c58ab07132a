namespace Akka.Actor;

public interface ICanTell
{
    void Tell(object message, IActorRef sender);
}

public interface IActorRef : ICanTell, IEquatable<IActorRef>, IComparable<IActorRef>, IComparable
{
    ActorPath Path { get; }
}

public static class ActorRefs
{
    public static readonly Nobody Nobody = Nobody.Instance;

    public static readonly IActorRef NoSender = null;
}

public static class ActorRefImplicitSenderExtensions
{
    public static void Tell(this IActorRef receiver, object message) => receiver.Tell(message, ActorCell.CurrentSelfOrNoSender);

    public static void Forward(this IActorRef receiver, object message) =>
        receiver.Tell(message, ActorCell.Current is { } cell ? cell.Sender : ActorRefs.NoSender);
}

/// <summary>What the inside of the actor system asks of every reference.</summary>
internal interface IInternalActorRef : IActorRef
{
    ActorSystemImpl System { get; }

    /// <summary>Delivers a message of the lifecycle, ahead of all others.</summary>
    void SendSystemMessage(ISystemMessage message);
}

/// <summary>Identity and order by path and uid.</summary>
internal abstract class InternalActorRef : IInternalActorRef
{
    public abstract ActorPath Path { get; }

    public abstract ActorSystemImpl System { get; }

    public abstract void Tell(object message, IActorRef sender);

    public abstract void SendSystemMessage(ISystemMessage message);

    public bool Equals(IActorRef other) => AreEqual(this, other);

    public override bool Equals(object obj) => AreEqual(this, obj as IActorRef);

    public override int GetHashCode() => HashOf(Path);

    public int CompareTo(IActorRef other) => Compare(this, other);

    public int CompareTo(object obj) => Compare(this, (IActorRef)obj);

    public override string ToString() => $"[{Path.ToStringWithUid()}]";

    internal static bool AreEqual(IActorRef left, IActorRef right) =>
        ReferenceEquals(left, right) || (right is not null && left.Path.Uid == right.Path.Uid && left.Path.Equals(right.Path));

    internal static int HashOf(ActorPath path) => HashCode.Combine(path, path.Uid);

    internal static int Compare(IActorRef left, IActorRef right)
    {
        if (right is null)
        {
            return 1;
        }

        var byPath = left.Path.CompareTo(right.Path);
        return byPath != 0 ? byPath : left.Path.Uid.CompareTo(right.Path.Uid);
    }
}

/// <summary>A reference to an actor of this process.</summary>
internal sealed class LocalActorRef : InternalActorRef
{
    private readonly ActorCell _cell;

    /// <summary>Creates the actor's cell too; the actor itself comes to life with its first system message, <see cref="CreateActor"/>.</summary>
    public LocalActorRef(ActorSystemImpl system, Props props, IInternalActorRef parent, ActorPath path)
    {
        Path = path;
        System = system;
        _cell = new ActorCell(system, this, props, parent);
    }

    public override ActorPath Path { get; }

    public override ActorSystemImpl System { get; }

    public ActorCell Cell => _cell;

    public override void Tell(object message, IActorRef sender) => _cell.Mailbox.Post(new Message(message, sender));

    public override void SendSystemMessage(ISystemMessage message) => _cell.Mailbox.Post(message);
}

/// <summary>Nobody: what is told to it is lost.</summary>
public sealed class Nobody : IInternalActorRef
{
    public static Nobody Instance = new();

    private static readonly ActorPath NobodyPath = new RootActorPath(new Address("akka", "all-systems")) / "Nobody";

    private Nobody()
    {
    }

    ActorPath IActorRef.Path => NobodyPath;

    ActorSystemImpl IInternalActorRef.System => throw new NotSupportedException("Nobody does not belong to a system");

    void ICanTell.Tell(object message, IActorRef sender)
    {
    }

    void IInternalActorRef.SendSystemMessage(ISystemMessage message)
    {
    }

    bool IEquatable<IActorRef>.Equals(IActorRef other) => InternalActorRef.AreEqual(this, other);

    int IComparable<IActorRef>.CompareTo(IActorRef other) => InternalActorRef.Compare(this, other);

    int IComparable.CompareTo(object obj) => InternalActorRef.Compare(this, (IActorRef)obj);

    public override string ToString() => NobodyPath.ToString();
}
