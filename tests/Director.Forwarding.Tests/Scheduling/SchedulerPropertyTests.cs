using Director.Forwarding.Scheduling;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

/// <summary>What each scheduler promises, for real servers and clients that nobody chose.</summary>
public class SchedulerPropertyTests
{
    [Property(MaxTest = 30)]
    public void Nobody_chooses_a_real_server_of_weight_0_or_over_its_threshold(byte[] weights, int seed)
    {
        foreach (string scheduler in SchedulerNames.All)
        {
            // lblc keeps an address on its real server also over the threshold, as IPVS does; each connection here asks for another address.
            var random = new Random(seed);
            using var test = new ServiceUnderTest(scheduler, weights.Select(weight => weight % 5), (SchedulerFlags)random.Next(4), upperThreshold: 4, seed);
            for (uint connection = 0; connection < 100; connection++)
            {
                var ready = test.Destinations.Where(each => each.CanTakeMore).ToHashSet();
                var chosen = test.Open(ServiceUnderTest.From((uint)random.Next(), (ushort)random.Next(65536), connection));
                Assert.True(chosen is null || ready.Contains(chosen), scheduler);
            }

            Assert.All(test.Destinations, each => Assert.InRange(each.ActiveConnections, 0, each.Weight == 0 ? 0 : 4));
        }
    }

    [Property(MaxTest = 30)]
    public void A_connection_is_refused_only_when_no_real_server_can_take_it(byte[] weights, int seed)
    {
        // Not dh, sh and mh, which refuse what they hash to a real server that takes no more, and ovf, which refuses when all are full.
        foreach (string scheduler in SchedulerNames.All.Except(["dh", "sh", "mh", "ovf"]))
        {
            using var test = new ServiceUnderTest(scheduler, weights.Select(weight => weight % 4), upperThreshold: 3, seed: seed);
            for (uint connection = 0; connection < 60; connection++)
            {
                bool canTake = test.Destinations.Any(each => each.CanTakeMore);
                Assert.True(canTake == test.Open(ServiceUnderTest.From(connection, destination: connection)) is not null, scheduler);
            }
        }
    }

    [Property]
    public void Rr_gives_each_real_server_the_same_number(NonEmptyArray<byte> weights)
    {
        using var test = new ServiceUnderTest("rr", weights.Get.Select(weight => weight + 1));
        var chosen = Enumerable.Range(0, weights.Get.Length * 3).Select(_ => test.Open(ServiceUnderTest.From(1))).ToArray();
        Assert.All(test.Destinations, each => Assert.Equal(3, each.ActiveConnections));
        Assert.Equal(test.Service.Destinations.ToArray(), chosen.Take(weights.Get.Length)); // From the last one added on.
    }

    [Property]
    public void Wrr_shares_over_a_full_cycle_are_the_weights(NonEmptyArray<byte> weights)
    {
        int[] even = [.. weights.Get.Select(weight => (weight % 16) + 1)];
        using var test = new ServiceUnderTest("wrr", even);
        int divisor = even.Aggregate((left, right) => (int)System.Numerics.BigInteger.GreatestCommonDivisor(left, right));
        for (int connection = 0; connection < even.Sum() / divisor * 2; connection++)
        {
            test.Open(ServiceUnderTest.From(1));
        }

        Assert.Equal(even.Select(weight => weight / divisor * 2), test.Destinations.Select(each => each.ActiveConnections));
    }

    [Property]
    public void Lc_keeps_active_connections_level(NonEmptyArray<byte> weights)
    {
        using var test = new ServiceUnderTest("lc", weights.Get.Select(weight => weight + 1));
        for (int connection = 0; connection < 50; connection++)
        {
            test.Open(ServiceUnderTest.From(1));
            var counts = test.Destinations.Select(each => each.ActiveConnections).ToArray();
            Assert.InRange(counts.Max() - counts.Min(), 0, 1);
        }
    }

    [Property]
    public void Wlc_chooses_what_no_other_undercuts(NonEmptyArray<byte> weights) =>
        LeastIsChosen("wlc", weights.Get, each => (each.ActiveConnections * 256) + each.InactiveConnections);

    [Property]
    public void Sed_chooses_what_no_other_undercuts(NonEmptyArray<byte> weights) =>
        LeastIsChosen("sed", weights.Get, each => each.ActiveConnections + 1);

    [Property]
    public void Nq_lets_nobody_idle(NonEmptyArray<byte> weights)
    {
        using var test = new ServiceUnderTest("nq", weights.Get.Select(weight => weight + 1));
        for (int connection = 0; connection < 2 * weights.Get.Length; connection++)
        {
            bool isAnyIdle = test.Destinations.Any(each => each.ActiveConnections == 0);
            var chosen = test.Open(ServiceUnderTest.From(1));
            Assert.Equal(isAnyIdle, chosen!.ActiveConnections == 1);
        }
    }

    [Property]
    public void Lblc_keeps_an_address_on_its_real_server_until_that_is_too_busy(NonEmptyArray<byte> weights, ushort destinations)
    {
        using var test = new ServiceUnderTest("lblc", weights.Get.Select(weight => (weight % 4) + 1));
        var last = new Dictionary<uint, Destination>();
        for (uint connection = 0; connection < 200; connection++)
        {
            uint address = connection % ((destinations % 7u) + 1);
            bool mayMove = !last.TryGetValue(address, out var before)
                || (before.ActiveConnections > before.Weight && test.Destinations.Any(each => each.ActiveConnections * 2 < each.Weight));
            var chosen = test.Open(ServiceUnderTest.From(connection, destination: address))!;
            Assert.True(mayMove || chosen == before);
            last[address] = chosen;
        }
    }

    [Property]
    public void Lblcr_uses_more_real_servers_for_an_address_only_while_one_is_too_busy(NonEmptyArray<byte> weights)
    {
        using var test = new ServiceUnderTest("lblcr", weights.Get.Select(weight => (weight % 4) + 1));
        var used = new HashSet<Destination>();
        for (uint connection = 0; connection < 200; connection++)
        {
            bool isOneFree = used.Any(each => each.ActiveConnections <= each.Weight);
            var chosen = test.Open(ServiceUnderTest.From(connection))!;
            bool isNew = used.Add(chosen);
            Assert.False(isNew && isOneFree);
        }
    }

    [Property]
    public void Dh_is_a_function_of_the_destination(NonEmptyArray<byte> weights, uint[] destinations)
    {
        using var test = new ServiceUnderTest("dh", weights.Get.Select(weight => weight + 1));
        foreach (uint destination in destinations)
        {
            var first = test.Ask(ServiceUnderTest.From(1, 1, destination));
            Assert.NotNull(first);
            Assert.Same(first, test.Open(ServiceUnderTest.From(~destination, 2, destination)));
        }
    }

    [Property]
    public void Sh_is_a_function_of_the_client_and_with_sh_port_of_its_port(NonEmptyArray<byte> weights, uint[] clients)
    {
        using var test = new ServiceUnderTest("sh", weights.Get.Select(weight => weight + 1));
        using var withPort = new ServiceUnderTest("sh", weights.Get.Select(weight => weight + 1), SchedulerFlags.Port);
        foreach (uint client in clients)
        {
            Assert.Same(test.Open(ServiceUnderTest.From(client, 1)), test.Open(ServiceUnderTest.From(client, 2, 7)));
            Assert.Same(withPort.Open(ServiceUnderTest.From(client, 1)), withPort.Open(ServiceUnderTest.From(client, 1, 7)));
        }
    }

    [Property(MaxTest = 20)]
    public void Sh_deals_buckets_by_weight(NonEmptyArray<byte> weights)
    {
        int[] few = [.. weights.Get.Take(8).Select(weight => (weight % 4) + 1)];
        using var test = new ServiceUnderTest("sh", few, SchedulerFlags.Port);

        // Enough ports to meet every bucket about 250 times.
        for (int port = 0; port < 65536; port++)
        {
            test.Open(ServiceUnderTest.From(1, (ushort)port));
        }

        foreach (var (destination, weight) in test.Destinations.Zip(few))
        {
            double share = destination.ActiveConnections / 65536.0;
            Assert.InRange(share, (weight / (double)few.Sum()) - 0.05, (weight / (double)few.Sum()) + 0.05);
        }
    }

    [Property(MaxTest = 30)]
    public void Mh_moves_few_clients_of_others_when_a_real_server_goes(PositiveInt count, PositiveInt removed)
    {
        int servers = 3 + (count.Get % 10);
        using var test = new ServiceUnderTest("mh", Enumerable.Repeat(1, servers));
        var before = Enumerable.Range(0, 4000).Select(client => test.Ask(ServiceUnderTest.From((uint)(client * 7919)))).ToArray();
        var gone = test.Destinations[removed.Get % servers];
        test.Remove(removed.Get % servers);
        var after = Enumerable.Range(0, 4000).Select(client => test.Ask(ServiceUnderTest.From((uint)(client * 7919)))).ToArray();

        int stayed = before.Count(each => each != gone);
        int moved = before.Zip(after).Count(pair => pair.First != gone && pair.First != pair.Second);
        Assert.InRange(moved, 0, stayed / 20);
        Assert.DoesNotContain(gone, after);
    }

    [Property(MaxTest = 30)]
    public void Mh_drains_a_real_server_without_moving_any_client_of_the_others(PositiveInt count, PositiveInt drained)
    {
        int servers = 2 + (count.Get % 10);
        using var test = new ServiceUnderTest("mh", Enumerable.Range(1, servers), SchedulerFlags.Fallback);
        var before = Enumerable.Range(0, 2000).Select(client => test.Ask(ServiceUnderTest.From((uint)(client * 7919)))).ToArray();
        var leaving = test.Destinations[drained.Get % servers];
        test.SetWeight(drained.Get % servers, 0);
        var after = Enumerable.Range(0, 2000).Select(client => test.Ask(ServiceUnderTest.From((uint)(client * 7919)))).ToArray();

        Assert.DoesNotContain(leaving, after);
        Assert.DoesNotContain(null, after);
        Assert.All(before.Zip(after).Where(pair => pair.First != leaving), pair => Assert.Same(pair.First, pair.Second));
    }

    [Property]
    public void Fo_stays_with_the_greatest_weight(NonEmptyArray<byte> weights)
    {
        using var test = new ServiceUnderTest("fo", weights.Get.Select(weight => weight + 1));
        for (int connection = 0; connection < 20; connection++)
        {
            Assert.Equal(weights.Get.Max() + 1, test.Open(ServiceUnderTest.From(1))!.Weight);
        }
    }

    [Property]
    public void Ovf_fills_one_real_server_after_the_other_from_the_greatest_weight_down(NonEmptyArray<byte> weights)
    {
        int[] small = [.. weights.Get.Select(weight => (weight % 6) + 1)];
        using var test = new ServiceUnderTest("ovf", small);
        var chosen = Enumerable.Range(0, small.Sum(weight => weight + 1)).Select(_ => test.Open(ServiceUnderTest.From(1))!.Weight).ToArray();
        Assert.Equal(chosen.OrderDescending(), chosen);
        Assert.All(test.Destinations, each => Assert.Equal(each.Weight + 1, each.ActiveConnections));
        Assert.Null(test.Open(ServiceUnderTest.From(1)));
    }

    [Property(MaxTest = 30)]
    public void Twos_keeps_two_real_servers_close_and_never_takes_the_busier_of_a_pair_more_often(int seed)
    {
        using var test = new ServiceUnderTest("twos", [1, 1], seed: seed);
        for (int connection = 0; connection < 1000; connection++)
        {
            test.Open(ServiceUnderTest.From(1));
        }

        // One random choice would drift apart by about the square root of 1,000; the better of two does not.
        Assert.InRange(Math.Abs(test.Destinations[0].ActiveConnections - test.Destinations[1].ActiveConnections), 0, 24);
    }

    private static void LeastIsChosen(string scheduler, byte[] weights, Func<Destination, long> load)
    {
        using var test = new ServiceUnderTest(scheduler, weights.Select(weight => weight + 1));
        for (int connection = 0; connection < 50; connection++)
        {
            var loads = test.Destinations.ToDictionary(each => each, each => load(each) / (double)each.Weight);
            var chosen = test.Open(ServiceUnderTest.From(1))!;
            Assert.Equal(loads.Values.Min(), loads[chosen], 9);
        }
    }
}
