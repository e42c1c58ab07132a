using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// dh: the address that the client asked for decides; made for caches behind a mark service. 256 buckets are dealt round the list, whatever the weights; a
/// bucket whose real server takes no more is refused (<c>ip_vs_dh.c</c>).
/// </summary>
internal sealed class DestinationHashing : Scheduler
{
    private readonly Destination?[] _buckets = new Destination?[256];

    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        var destination = _buckets[AddressHash.Bucket(AddressHash.Fold(flow.Destination))];
        return destination is not null && destination.CanTakeMore ? destination : null;
    }

    /// <inheritdoc/>
    protected override void Rebuild()
    {
        for (int bucket = 0; bucket < _buckets.Length; bucket++)
        {
            _buckets[bucket] = Destinations.Length == 0 ? null : Destinations[bucket % Destinations.Length];
        }
    }
}
