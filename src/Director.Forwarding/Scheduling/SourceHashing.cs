using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// sh: the client's address, with sh-port also its port, decides. 256 buckets are dealt round the list, as many in a row as the weight says; a real server of
/// weight 0 keeps one and refuses it (<c>ip_vs_sh.c</c>). With sh-fallback the buckets after it are asked instead of refusing.
/// </summary>
internal sealed class SourceHashing : Scheduler
{
    private readonly Destination?[] _buckets = new Destination?[256];

    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        uint port = (Flags & SchedulerFlags.Port) != 0 ? flow.SourcePort : 0u;
        byte hash = AddressHash.Bucket(port + AddressHash.Fold(flow.Source));
        var hashed = _buckets[hash];
        if (hashed is null || hashed.CanTakeMore)
        {
            return hashed;
        }

        if ((Flags & SchedulerFlags.Fallback) == 0)
        {
            return null;
        }

        for (int step = 0; step < _buckets.Length; step++)
        {
            // The kernel starts at the hash and adds the hash once more: twice its value, where one would expect the bucket after it.
            var other = _buckets[(byte)(hash + hash + step)];
            if (other!.CanTakeMore)
            {
                return other;
            }
        }

        return null;
    }

    /// <inheritdoc/>
    protected override void Rebuild()
    {
        Array.Clear(_buckets);
        int bucket = 0;
        while (Destinations.Length > 0 && bucket < _buckets.Length)
        {
            foreach (var destination in Destinations)
            {
                int share = Math.Min(Math.Max(destination.Weight, 1), _buckets.Length - bucket);
                _buckets.AsSpan(bucket, share).Fill(destination);
                bucket += share;
            }
        }
    }
}
