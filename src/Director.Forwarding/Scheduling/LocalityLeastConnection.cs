using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// lblc: remembers a real server for each address that clients ask for, and chooses another by wlc when that one has more active connections than its weight
/// while another has less than half (<c>ip_vs_lblc.c</c>); made for caches behind a mark service. A remembered real server keeps its address also over its
/// upper threshold, as in IPVS.
/// </summary>
internal sealed class LocalityLeastConnection : Scheduler
{
    private readonly AddressMemory<Choice> _memory = new();

    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        var choice = _memory.Find(flow.Destination, nowMilliseconds);
        if (choice?.Destination is { Weight: > 0 } remembered && !IsTooBusy(remembered, Destinations))
        {
            return remembered;
        }

        var least = Load.Least(Destinations);
        if (least is not null)
        {
            (choice ?? _memory.Add(flow.Destination, nowMilliseconds)).Destination = least;
        }

        return least;
    }

    /// <summary>Whether a real server has more active connections than its weight and another has less than half of its own.</summary>
    internal static bool IsTooBusy(Destination destination, ReadOnlySpan<Destination> all)
    {
        if (destination.ActiveConnections <= destination.Weight)
        {
            return false;
        }

        foreach (var other in all)
        {
            if (other.ActiveConnections * 2L < other.Weight)
            {
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    protected override void Removed(Destination destination, int position) => _memory.ForEach(choice =>
    {
        if (choice.Destination == destination)
        {
            choice.Destination = null;
        }
    });

    private sealed class Choice
    {
        public Destination? Destination { get; set; }
    }
}
