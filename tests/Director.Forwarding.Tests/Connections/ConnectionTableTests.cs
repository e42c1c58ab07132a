using Director.Forwarding.Connections;
using Director.Forwarding.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Connections;

/// <summary>The table against a dictionary, and how an entry lies in memory.</summary>
public sealed unsafe class ConnectionTableTests
{
    /// <summary>Few clients and many virtual addresses: entries of one client's end have one hash, so runs are long and wrap around.</summary>
    [Theory]
    [InlineData(false, 1)]
    [InlineData(false, 2)]
    [InlineData(true, 3)]
    [InlineData(true, 4)]
    public void It_finds_and_forgets_like_a_dictionary_up_to_full(bool isIPv6, int seed)
    {
        const int capacity = 150;
        using var table = new ConnectionTable(isIPv6, capacity, (ulong)seed * 0x1234_5678_9ABC_DEF1);
        var model = new Dictionary<ConnectionEnds, uint>();
        var random = new Random(seed);
        var refused = 0;
        for (var step = 0; step < 20_000; step++)
        {
            var ends = RandomEnds(random, isIPv6);
            var hash = table.Hash(ends.Protocol, ends.Client, ends.ClientPort);
            var number = table.FindByVirtual(hash, ends.Protocol, ends.Client, ends.ClientPort, ends.Virtual, ends.VirtualPort);
            Assert.Equal(model.GetValueOrDefault(ends), number);
            var byReal = table.FindByReal(hash, ends.Protocol, ends.Client, ends.ClientPort, ends.Real, ends.RealPort);
            Assert.Equal(model.Keys.Any(other => HasSameReal(other, ends)), byReal != 0);
            if (byReal != 0)
                Assert.True(HasSameReal(model.Single(pair => pair.Value == byReal).Key, ends));

            // Fills up first, empties at the end, and fluctuates between.
            var wantsMore = random.Next(100) < (step < 8000 ? 80 : step < 14_000 ? 50 : 20);
            if (number == 0 && wantsMore)
            {
                number = table.Insert(hash, ends);
                Assert.Equal(model.Count == capacity, number == 0);
                refused += number == 0 ? 1 : 0;
                if (number != 0)
                {
                    Assert.DoesNotContain(number, model.Values);
                    AssertHolds(table, number, ends);
                    model[ends] = number;
                }
            }
            else if (number != 0 && !wantsMore)
            {
                table.Remove(number);
                Assert.False(table.IsUsed(number));
                model.Remove(ends);
            }

            Assert.Equal(model.Count, table.Count);
        }

        Assert.True(refused > 0);
        foreach (var (ends, number) in model)
            AssertHolds(table, number, ends);
    }

    [Fact]
    public void An_entry_takes_one_cache_line_for_IPv4_and_two_for_IPv6()
    {
        Assert.Equal(48, sizeof(Connection));
        foreach (var (isIPv6, size) in ((bool, int)[])[(false, 64), (true, 128)])
        {
            using var table = new ConnectionTable(isIPv6, 16, 1);
            Assert.Equal(size, (byte*)table[2] - (byte*)table[1]);
            Assert.Equal(0, (nint)table[1] % 64);
        }

        Assert.True(Connection.HeaderSize + (3 * 4) <= Connection.IPv4Size);
        Assert.True(Connection.HeaderSize + (3 * 16) <= Connection.IPv6Size);
    }

    [Fact]
    public void Fields_lie_where_look_ups_take_them_from()
    {
        Connection connection;
        var start = (byte*)&connection;
        Assert.Equal(
            [0, 4, 8, 12, 16, 20, 24, 26, Connection.VirtualPortOffset, Connection.RealPortOffset, 32, 33, 34, 36, 38, 40],
            new long[]
            {
                (byte*)&connection.Next - start, (byte*)&connection.Previous - start, (byte*)&connection.Deadline - start, (byte*)&connection.Destination - start,
                (byte*)&connection.Template - start, (byte*)&connection.Packets - start, (byte*)&connection.WheelSlot - start, (byte*)&connection.ClientPort - start,
                (byte*)&connection.VirtualPort - start, (byte*)&connection.RealPort - start, &connection.Protocol - start, (byte*)&connection.State - start,
                (byte*)&connection.Flags - start, (byte*)&connection.ClientMss - start, (byte*)&connection.RealMss - start, (byte*)&connection.SentAt - start,
            });
        Assert.Equal((28, 30), (Connection.VirtualPortOffset, Connection.RealPortOffset));
    }

    [Fact]
    public void A_number_is_used_again_with_nothing_left_of_its_last_entry()
    {
        using var table = new ConnectionTable(false, 1, 1);
        var first = RandomEnds(new Random(1), false);
        var number = table.Insert(table.Hash(first.Protocol, first.Client, first.ClientPort), first);
        (table[number]->Packets, table[number]->Template, table[number]->ClientMss, table[number]->State) = (9, 9, 9, TcpState.FinWait);
        table.Remove(number);
        var second = RandomEnds(new Random(2), false);
        Assert.Equal(number, table.Insert(table.Hash(second.Protocol, second.Client, second.ClientPort), second));
        Assert.Equal((0u, 0u, 0, TcpState.None), (table[number]->Packets, table[number]->Template, (int)table[number]->ClientMss, table[number]->State));
        AssertHolds(table, number, second);
    }

    [Fact]
    public void The_seed_decides_where_a_client_lies()
    {
        using var one = new ConnectionTable(false, 16, 1);
        using var other = new ConnectionTable(false, 16, 2);
        var client = InetAddress.FromIPv4(0x0101_0A0A);
        Assert.NotEqual(one.Hash(6, client, 80), other.Hash(6, client, 80));
        Assert.Equal(3, new[] { one.Hash(6, client, 80), one.Hash(17, client, 80), one.Hash(6, client, 81) }.Distinct().Count());
    }

    private static bool HasSameReal(in ConnectionEnds left, in ConnectionEnds right) =>
        left.Protocol == right.Protocol && left.Client == right.Client && left.ClientPort == right.ClientPort && left.Real == right.Real && left.RealPort == right.RealPort;

    private static ConnectionEnds RandomEnds(Random random, bool isIPv6)
    {
        var virtualNumber = random.Next(12);
        return new(
            random.Next(2) == 0 ? (byte)6 : (byte)17,
            Address(random.Next(3), isIPv6),
            (ushort)(50_000 + random.Next(3)),
            Address(100 + virtualNumber, isIPv6),
            (ushort)(80 + random.Next(2)),
            // One real server for two virtual addresses.
            Address(200 + (virtualNumber / 2), isIPv6),
            8080);
    }

    private static InetAddress Address(int number, bool isIPv6) => isIPv6 ? InetAddress.FromIPv6(0xB80D0120, (ulong)number << 56) : InetAddress.FromIPv4(10u | ((uint)number << 24));

    private static void AssertHolds(ConnectionTable table, uint number, in ConnectionEnds ends)
    {
        var connection = table[number];
        Assert.Equal(
            ends,
            new ConnectionEnds(
                connection->Protocol, Connection.Client(connection, table.IsIPv6), connection->ClientPort, Connection.Virtual(connection, table.IsIPv6), connection->VirtualPort,
                Connection.Real(connection, table.IsIPv6), connection->RealPort));
    }
}
