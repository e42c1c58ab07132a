using System.Text;

namespace Akka.Actor;

/// <summary>A child and its record as its supervisor keeps it.</summary>
internal sealed class Child(LocalActorRef reference)
{
    private long _windowStart;
    private int _restarts;

    public LocalActorRef Reference => reference;

    public bool IsDying { get; set; }

    /// <summary>Whether one more restart is within <paramref name="maxRestarts"/> (negative: no limit) in a window of <paramref name="windowMilliseconds"/> (not positive: since ever).</summary>
    public bool MayRestart(int maxRestarts, int windowMilliseconds, long nowMilliseconds)
    {
        if (maxRestarts == 0)
        {
            return false;
        }

        if (windowMilliseconds <= 0)
        {
            return maxRestarts < 0 || ++_restarts <= maxRestarts;
        }

        // The window opens with a restart and closes after its time; a restart after it opens a new one.
        if (_restarts == 0 || nowMilliseconds - _windowStart > windowMilliseconds)
        {
            _windowStart = nowMilliseconds;
            _restarts = 1;
            return true;
        }

        return ++_restarts <= (maxRestarts < 0 ? 1 : maxRestarts);
    }
}

/// <summary>The table of children. Guardians take children from any thread, hence the lock.</summary>
internal sealed partial class ActorCell
{
    private static long s_lastUid = Random.Shared.NextInt64(1, int.MaxValue);

    private readonly Lock _childrenLock = new();
    private readonly Dictionary<string, Child> _children = [];
    private long _unnamedChildren;
    private bool _takesNoChildren;

    private bool HasDyingChildren
    {
        get
        {
            lock (_childrenLock)
            {
                return _children.Values.Any(child => child.IsDying);
            }
        }
    }

    public IActorRef ActorOf(Props props, string name = null)
    {
        if (name is not null && !ActorPath.IsValidPathElement(name))
        {
            throw new InvalidActorNameException(
                name.Length == 0
                    ? "Actor name must not be empty."
                    : $"Illegal actor name [{name}]. Actor paths MUST: not start with `$`, include only ASCII letters and can only contain these special characters: {ActorPath.ValidSymbols}.");
        }

        LocalActorRef child;
        lock (_childrenLock)
        {
            if (_takesNoChildren)
            {
                throw new InvalidOperationException("Cannot create child while terminating or terminated");
            }

            name ??= "$" + UnnamedChild(_unnamedChildren++);
            if (_children.ContainsKey(name))
            {
                throw new InvalidActorNameException($"Actor name \"{name}\" is not unique!");
            }

            child = new LocalActorRef(System, props, Self, new ChildActorPath(Self.Path, name, Interlocked.Increment(ref s_lastUid)));
            _children.Add(name, new Child(child));
        }

        child.SendSystemMessage(new CreateActor());
        return child;
    }

    public IActorRef Child(string name)
    {
        lock (_childrenLock)
        {
            return _children.TryGetValue(name, out var child) ? child.Reference : ActorRefs.Nobody;
        }
    }

    public IEnumerable<IActorRef> GetChildren() => Children();

    public void Stop(IActorRef child)
    {
        lock (_childrenLock)
        {
            if (_children.TryGetValue(child.Path.Name, out var mine) && mine.Reference.Equals(child))
            {
                mine.IsDying = true;
            }
        }

        (child as IInternalActorRef)?.SendSystemMessage(new TerminateActor());
    }

    internal LocalActorRef[] Children()
    {
        lock (_childrenLock)
        {
            return [.. _children.Values.Select(child => child.Reference)];
        }
    }

    /// <summary>Names of children without one: $a, $b, ..., $~, $ba, ...</summary>
    private static string UnnamedChild(long number)
    {
        const string digits = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+~";
        var name = new StringBuilder();
        do
        {
            name.Append(digits[(int)(number & 63)]);
            number >>= 6;
        }
        while (number > 0);
        return name.ToString();
    }

    private bool TryGetChild(IActorRef reference, out Child child)
    {
        lock (_childrenLock)
        {
            return _children.TryGetValue(reference.Path.Name, out child) && child.Reference.Equals(reference);
        }
    }

    private void RemoveChild(IActorRef reference)
    {
        lock (_childrenLock)
        {
            if (_children.TryGetValue(reference.Path.Name, out var child) && child.Reference.Equals(reference))
            {
                _children.Remove(reference.Path.Name);
            }
        }
    }

    private void CloseToNewChildren()
    {
        lock (_childrenLock)
        {
            _takesNoChildren = true;
        }
    }

    private void SuspendChildren(IActorRef except)
    {
        foreach (var child in Children())
        {
            if (!child.Equals(except))
            {
                child.SendSystemMessage(new SuspendActor());
            }
        }
    }
}
