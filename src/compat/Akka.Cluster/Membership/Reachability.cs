using System.Collections.Immutable;

namespace Akka.Cluster.Membership;

/// <summary>What an observer says of a node it watches.</summary>
internal enum Observation
{
    Reachable,
    Unreachable,

    /// <summary>Gone for good: another incarnation has its address.</summary>
    Terminated,
}

/// <summary>
/// Who cannot hear whom. Each observer alone changes what it says and numbers its changes, so of two views of one observer the higher number is the truth.
/// </summary>
internal sealed class Reachability
{
    public static readonly Reachability AllReachable = new(ImmutableSortedDictionary<UniqueAddress, Observations>.Empty);

    public Reachability(ImmutableSortedDictionary<UniqueAddress, Observations> observers) => Observers = observers;

    public ImmutableSortedDictionary<UniqueAddress, Observations> Observers { get; }

    /// <summary>The nodes that some observer cannot hear.</summary>
    public ImmutableSortedSet<UniqueAddress> AllUnreachable => [.. Observers.Values.SelectMany(one => one.NotReachable.Keys)];

    public bool IsReachable(UniqueAddress node) => !Observers.Values.Any(one => one.NotReachable.ContainsKey(node));

    /// <summary>What one observer says of a node.</summary>
    public Observation StatusOf(UniqueAddress node, UniqueAddress observer) =>
        Observers.TryGetValue(observer, out var observations) ? observations.NotReachable.GetValueOrDefault(node, Observation.Reachable) : Observation.Reachable;

    public IEnumerable<UniqueAddress> ObserversOf(UniqueAddress node) => Observers.Where(one => one.Value.NotReachable.ContainsKey(node)).Select(one => one.Key);

    /// <summary>The observer's new word on a node; a terminated one stays terminated.</summary>
    public Reachability Change(UniqueAddress observer, UniqueAddress node, Observation status)
    {
        var before = StatusOf(node, observer);
        if (before == status || before == Observation.Terminated)
        {
            return this;
        }

        var observations = Observers.TryGetValue(observer, out var found) ? found : Observations.None;
        var notReachable = status == Observation.Reachable ? observations.NotReachable.Remove(node) : observations.NotReachable.SetItem(node, status);
        return new Reachability(Observers.SetItem(observer, new Observations(observations.Version + 1, notReachable)));
    }

    public Reachability Merge(Reachability other)
    {
        var merged = Observers.ToBuilder();
        foreach (var (observer, theirs) in other.Observers)
        {
            if (!merged.TryGetValue(observer, out var own) || own.Version < theirs.Version)
            {
                merged[observer] = theirs;
            }
        }

        return new Reachability(merged.ToImmutable());
    }

    /// <summary>Without what these say and what is said of them.</summary>
    public Reachability Without(IReadOnlyCollection<UniqueAddress> nodes) =>
        nodes.Count == 0 ? this : new Reachability(Observers.RemoveRange(nodes).ToImmutableSortedDictionary(one => one.Key, one => one.Value with { NotReachable = one.Value.NotReachable.RemoveRange(nodes) }));

    /// <summary>Without what these say.</summary>
    public Reachability WithoutObservers(IEnumerable<UniqueAddress> observers) => new(Observers.RemoveRange(observers));

    /// <summary>What one observer says: of all that are not listed that they are reachable.</summary>
    public sealed record Observations(long Version, ImmutableSortedDictionary<UniqueAddress, Observation> NotReachable)
    {
        public static readonly Observations None = new(0, ImmutableSortedDictionary<UniqueAddress, Observation>.Empty);
    }
}
