using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// Chooses a real server for a new connection. One for each virtual service; every member is called with the service's lock held. Choosing allocates nothing.
/// </summary>
internal abstract class Scheduler
{
    /// <summary>The real servers in the kernel's order: the last one added first.</summary>
    protected Destination[] Destinations { get; private set; } = [];

    /// <summary>Flags of the service; may change while it runs.</summary>
    public SchedulerFlags Flags { get; set; }

    /// <summary>The scheduler's algorithm by its name.</summary>
    /// <param name="name">One of <see cref="SchedulerNames.All"/>.</param>
    /// <param name="random">What <c>twos</c> draws from.</param>
    /// <exception cref="ArgumentException">There is no such scheduler.</exception>
    public static Scheduler Create(string name, Random random) => name switch
    {
        "rr" => new RoundRobin(),
        "wrr" => new WeightedRoundRobin(),
        "lc" => new LeastConnection(),
        "wlc" => new WeightedLeastConnection(),
        "lblc" => new LocalityLeastConnection(),
        "lblcr" => new LocalityLeastConnectionReplication(),
        "dh" => new DestinationHashing(),
        "sh" => new SourceHashing(),
        "sed" => new ShortestExpectedDelay(),
        "nq" => new NeverQueue(),
        "fo" => new WeightedFailover(),
        "ovf" => new WeightedOverflow(),
        "mh" => new MaglevHashing(),
        "twos" => new PowerOfTwoChoices(random),
        _ => throw new ArgumentException($"There is no scheduler '{name}'; there are {string.Join(", ", SchedulerNames.All)}.", nameof(name)),
    };

    /// <summary>Chooses a real server; null when none can take the connection. It is not yet counted there.</summary>
    public abstract Destination? Schedule(in Flow flow, long nowMilliseconds);

    /// <summary>Starts with these real servers, the last one added first.</summary>
    public void Start(Destination[] destinations)
    {
        Destinations = destinations;
        Rebuild();
    }

    /// <summary>A real server came to the head of the list.</summary>
    public void Add(Destination[] destinations)
    {
        Destinations = destinations;
        Added();
        Rebuild();
    }

    /// <summary>A real server left the list, where it was at <paramref name="position"/>.</summary>
    public void Remove(Destination[] destinations, Destination removed, int position)
    {
        Destinations = destinations;
        Removed(removed, position);
        Rebuild();
    }

    /// <summary>A real server of the list has another weight or threshold.</summary>
    public void Change() => Rebuild();

    /// <summary>See <see cref="Add"/>; <see cref="Destinations"/> is the new list.</summary>
    protected virtual void Added()
    {
    }

    /// <summary>See <see cref="Remove"/>; <see cref="Destinations"/> is the new list.</summary>
    protected virtual void Removed(Destination destination, int position)
    {
    }

    /// <summary>The list, or something of a real server in it, is not what it was: what is computed from it is to be computed again.</summary>
    protected virtual void Rebuild()
    {
    }
}
