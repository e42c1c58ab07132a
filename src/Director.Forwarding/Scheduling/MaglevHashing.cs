using System.Numerics;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// mh: consistent hashing of the client's address, with mh-port also its port: when a real server comes or goes, few clients of the others move
/// (<c>ip_vs_mh.c</c>; Eisenbud et al., Maglev, NSDI 2016, 3.4). With mh-fallback another place of the table is asked where the hashed real server takes no
/// more.
/// </summary>
internal sealed class MaglevHashing : Scheduler
{
    /// <summary>Places of the table: a prime, the kernel's default (CONFIG_IP_VS_MH_TAB_INDEX=12).</summary>
    private const int Size = 4093;

    /// <summary>A real server takes at most about this many bits' worth of places in one turn.</summary>
    private const int TurnBits = 6;

    private const ulong FirstKey = 2_654_435_761;
    private const ulong SecondKey = 2_654_446_892;

    private readonly Destination?[] _table = new Destination?[Size];

    /// <inheritdoc/>
    public override Destination? Schedule(in Flow flow, long nowMilliseconds)
    {
        uint value = AddressHash.Fold(flow.Source) + ((Flags & SchedulerFlags.Port) != 0 ? flow.SourcePort : 0u);
        uint hash = AddressHash.SipHash13(value, FirstKey) % Size;
        var hashed = _table[hash];
        if (hashed is null || hashed.CanTakeMore)
        {
            return hashed;
        }

        if ((Flags & SchedulerFlags.Fallback) == 0)
        {
            return null;
        }

        for (uint step = 0; step < Size; step++)
        {
            var other = _table[AddressHash.SipHash13(((hash + step) % Size) + value, FirstKey) % Size];
            if (other!.CanTakeMore)
            {
                return other;
            }
        }

        return null;
    }

    /// <summary>
    /// The real servers take turns; each takes the free places next in its own permutation of the table, as many in a turn as its weight says, until the table
    /// is full.
    /// </summary>
    protected override void Rebuild()
    {
        Array.Clear(_table);
        int divisor = Weights.GreatestCommonDivisor(Destinations, destination => destination.LastWeight);
        if (divisor == 0)
        {
            return;
        }

        int greatest = Destinations.Max(destination => destination.LastWeight) / divisor;
        int shift = Math.Max(BitOperations.Log2((uint)greatest) + 1 - TurnBits, 0);
        var permutations = Destinations
            .Where(destination => destination.LastWeight > 0)
            .Select(destination => new Permutation(destination, Math.Max(destination.LastWeight / divisor >> shift, 1)))
            .ToArray();
        for (int taken = 0; taken < Size;)
        {
            foreach (var permutation in permutations)
            {
                for (int turn = 0; turn < permutation.Turns && taken < Size; turn++, taken++)
                {
                    permutation.TakeNext(_table);
                }
            }
        }
    }

    private sealed class Permutation
    {
        private readonly Destination _destination;
        private readonly uint _skip;
        private uint _place;

        public Permutation(Destination destination, int turns)
        {
            uint value = AddressHash.Fold(destination.Address) + destination.Port;
            _destination = destination;
            _place = AddressHash.SipHash13(value, FirstKey) % Size;
            _skip = (AddressHash.SipHash13(value, SecondKey) % (Size - 1)) + 1;
            Turns = turns;
        }

        public int Turns { get; }

        public void TakeNext(Destination?[] table)
        {
            while (table[_place] is not null)
            {
                _place = (_place + _skip) % Size;
            }

            table[_place] = _destination;
        }
    }
}
