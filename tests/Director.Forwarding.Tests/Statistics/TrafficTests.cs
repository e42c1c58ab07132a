using System.Runtime.CompilerServices;
using Director.Forwarding.Statistics;
using Xunit;

namespace Director.Forwarding.Tests.Statistics;

public class TrafficTests
{
    [Fact]
    public void Counters_of_one_worker_and_real_server_fill_a_cache_line()
    {
        using var traffic = new Traffic(1);
        traffic.Reserve(2);
        Assert.Equal(64, Unsafe.SizeOf<TrafficCounters>());
        ref var first = ref traffic.Worker(0)[0];
        Assert.Equal(64, Unsafe.ByteOffset(ref first, ref traffic.Worker(0)[1]));
        unsafe
        {
            Assert.Equal(0u, (nuint)Unsafe.AsPointer(ref first) % 64);
        }
    }

    [Fact]
    public void Workers_count_apart_and_readers_add_up()
    {
        using var traffic = new Traffic(3);
        traffic.Reserve(1000);
        for (int worker = 0; worker < 3; worker++)
        {
            ref var counters = ref traffic.Worker(worker)[999];
            counters.Connections++;
            counters.CountIn(2, 100);
            counters.CountOut(45, 65_000);
        }

        Assert.Equal(new TrafficTotals(3, 6, 135, 300, 195_000), traffic.Sum(999));
        Assert.Equal(default, traffic.Sum(998));
    }

    [Fact]
    public void Room_for_more_does_not_move_what_a_worker_writes_to()
    {
        using var traffic = new Traffic(1);
        traffic.Reserve(1);
        ref var counters = ref traffic.Worker(0)[0];
        traffic.Reserve(5000);
        counters.Connections = 7;
        Assert.Equal(7ul, traffic.Sum(0).Connections);
    }

    [Fact]
    public void A_total_passes_four_billion()
    {
        using var traffic = new Traffic(1);
        traffic.Reserve(1);
        for (int batch = 0; batch < 3; batch++)
        {
            traffic.Worker(0)[0].CountIn(uint.MaxValue, uint.MaxValue);
        }

        Assert.Equal(3ul * uint.MaxValue, traffic.Sum(0).InBytes);
    }
}
