namespace Director.Forwarding.Scheduling;

/// <summary>How busy a real server is, and which of several is the least so.</summary>
internal static class Load
{
    /// <summary>An active connection counts as 256 inactive ones (<c>ip_vs_dest_conn_overhead()</c>).</summary>
    public static long Overhead(Destination destination) => ((long)destination.ActiveConnections << 8) + destination.InactiveConnections;

    /// <summary>The real server with the least overhead for its weight, the first of equals; null when none can take more.</summary>
    public static Destination? Least(ReadOnlySpan<Destination> destinations)
    {
        Destination? least = null;
        long leastOverhead = 0;
        foreach (var destination in destinations)
        {
            if (!destination.CanTakeMore)
            {
                continue;
            }

            long overhead = Overhead(destination);
            if (least is null || IsLighter(overhead, destination.Weight, leastOverhead, least.Weight))
            {
                least = destination;
                leastOverhead = overhead;
            }
        }

        return least;
    }

    /// <summary>Whether a load for its weight is less than another, without a division. Equal is not less, so that the earlier one keeps its place.</summary>
    public static bool IsLighter(long load, int weight, long otherLoad, int otherWeight) => otherLoad * weight > load * otherWeight;
}
