using Director.Forwarding.Synchronisation;
using FsCheck.Xunit;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>A stream of datagrams through a network that loses, repeats and reorders them.</summary>
public sealed class ReceivedStreamTests
{
    private static readonly (ulong First, ushort Count)[] Ranges = new (ulong, ushort)[ControlMessage.MostRanges];

    [Fact]
    public void In_order_each_is_taken_at_once_and_once()
    {
        var stream = new ReceivedStream(5);
        Assert.Equal(Reception.Old, stream.Accept(4, [4], 0));
        Assert.Equal(Reception.Next, stream.Accept(5, [5], 0));
        Assert.Equal(Reception.Next, stream.Accept(6, [6], 0));
        Assert.Equal(Reception.Old, stream.Accept(6, [6], 0));
        Assert.Equal(Reception.Old, stream.Accept(5, [5], 0));
        Assert.False(stream.HasGap);
        Assert.Equal(0, stream.Ask(1, Ranges));
    }

    [Fact]
    public void What_comes_early_waits_for_what_is_missing_which_is_asked_for_at_once_and_again()
    {
        var stream = new ReceivedStream(1);
        Assert.Equal(Reception.Early, stream.Accept(3, [3], 10));
        Assert.Equal(Reception.Early, stream.Accept(6, [6], 10));
        Assert.Equal(Reception.Old, stream.Accept(6, [6], 10));
        Assert.False(stream.TryTake(10, out _));
        Assert.Equal(2, stream.Ask(10, Ranges));
        Assert.Equal([(1ul, (ushort)2), (4ul, (ushort)2)], Ranges[..2]);
        Assert.Equal(0, stream.Ask(14, Ranges));
        Assert.Equal(Reception.Next, stream.Accept(1, [1], 15));
        Assert.Equal(Reception.Next, stream.Accept(2, [2], 15));
        Assert.True(stream.TryTake(15, out var payload));
        Assert.Equal([3], payload.ToArray());
        Assert.False(stream.TryTake(15, out _));
        Assert.Equal(1, stream.Ask(15, Ranges));
        Assert.Equal((4ul, (ushort)2), Ranges[0]);
        Assert.Equal(2ul, stream.Repaired);
    }

    [Fact]
    public void The_end_of_a_stream_that_was_lost_is_missed_when_the_sender_says_how_far_it_is()
    {
        var stream = new ReceivedStream(1);
        stream.Accept(1, [1], 0);
        Assert.False(stream.HasGap);
        stream.Hear(3, 20);
        Assert.Equal(1, stream.Ask(20, Ranges));
        Assert.Equal((2ul, (ushort)2), Ranges[0]);
        Assert.Equal(0, stream.Ask(24, Ranges));
        Assert.Equal(1, stream.Ask(25, Ranges));
    }

    [Fact]
    public void What_does_not_come_in_time_is_given_up_up_to_what_waits()
    {
        var stream = new ReceivedStream(1);
        stream.Accept(4, [4], 100);
        AskInVain(stream, 100);
        Assert.False(stream.GiveUp(100 + ReceivedStream.GiveUpAfter - 1));
        Assert.True(stream.GiveUp(100 + ReceivedStream.GiveUpAfter));
        Assert.Equal((4ul, 3ul), (stream.Next, stream.Lost));
        Assert.True(stream.TryTake(400, out var payload));
        Assert.Equal([4], payload.ToArray());
        Assert.False(stream.GiveUp(10_000));
        Assert.Equal(Reception.Old, stream.Accept(2, [2], 400));
    }

    [Fact]
    public void A_lost_end_is_given_up_too()
    {
        var stream = new ReceivedStream(1);
        stream.Hear(7, 0);
        AskInVain(stream, 0);
        Assert.True(stream.GiveUp(ReceivedStream.GiveUpAfter));
        Assert.Equal((8ul, 7ul, false), (stream.Next, stream.Lost, stream.HasGap));
    }

    [Fact]
    public void Who_had_no_processor_asks_before_it_gives_up()
    {
        var stream = new ReceivedStream(1);
        stream.Accept(3, [3], 0);
        stream.Ask(0, Ranges);
        const long awake = 50 * ReceivedStream.GiveUpAfter;
        Assert.False(stream.GiveUp(awake));
        Assert.Equal(1, stream.Ask(awake, Ranges));
        Assert.False(stream.GiveUp(awake));
        stream.Accept(1, [1], awake);

        // Something came: asking counts anew.
        AskInVain(stream, awake, ReceivedStream.AsksBefore - 1);
        Assert.False(stream.GiveUp(awake + ReceivedStream.GiveUpAfter));
        AskInVain(stream, awake + ReceivedStream.GiveUpAfter, 1);
        Assert.True(stream.GiveUp(awake + ReceivedStream.GiveUpAfter));
        Assert.Equal((3ul, 1ul), (stream.Next, stream.Lost));
    }

    [Fact]
    public void One_that_is_hopelessly_behind_gives_up_at_once_and_goes_on_with_what_comes()
    {
        var stream = new ReceivedStream(1);
        stream.Accept(500, [1], 0);
        Assert.Equal(Reception.Far, stream.Accept(ReceivedStream.TooMany + 10, [1], 0));
        Assert.True(stream.GiveUp(0));
        Assert.Equal(ReceivedStream.TooMany + 11, stream.Next);
        Assert.False(stream.TryTake(0, out _));
        for (var sequence = stream.Next; sequence < ReceivedStream.TooMany + 3000; sequence++)
            Assert.Equal(Reception.Next, stream.Accept(sequence, [1], 1));
    }

    [Fact]
    public void A_snapshot_makes_what_is_before_it_superfluous()
    {
        var stream = new ReceivedStream(1);
        stream.Accept(3, [3], 0);
        stream.Accept(9, [9], 0);
        stream.Skip(6, 1);
        stream.Skip(2, 1);
        Assert.Equal((6ul, 0ul), (stream.Next, stream.Lost));
        Assert.Equal(Reception.Next, stream.Accept(6, [6], 1));
        Assert.False(stream.TryTake(1, out _));
        stream.Accept(7, [7], 1);
        stream.Accept(8, [8], 1);
        Assert.True(stream.TryTake(1, out var payload));
        Assert.Equal([9], payload.ToArray());
    }

    /// <summary>The sender repairs from all it has sent; every datagram and every request may be lost, repeated or late.</summary>
    [Property(MaxTest = 300)]
    public void Through_any_network_everything_comes_once_and_in_order(int seed)
    {
        var random = new Random(seed);
        var loss = random.NextDouble() * 0.4;
        var repeats = random.NextDouble() * 0.2;
        var latest = random.Next(1, 8);
        var stream = new ReceivedStream(1);
        var total = (ulong)random.Next(1, 2500);
        var network = new PriorityQueue<ulong, long>();
        var taken = new List<ulong>();
        ulong sent = 0;
        long now = 0;
        for (; (ulong)taken.Count < total && now < 100_000; now++)
        {
            for (var burst = random.Next(6); burst > 0 && sent < total; burst--)
                Put(++sent);
            stream.Hear(sent, now);
            var count = stream.Ask(now, Ranges);
            if (random.NextDouble() >= loss)
            {
                foreach (var (first, length) in Ranges[..count])
                {
                    for (var sequence = first; sequence < first + length; sequence++)
                        Put(sequence);
                }
            }

            while (network.TryPeek(out var sequence, out var due) && due <= now)
            {
                network.Dequeue();
                if (stream.Accept(sequence, BitConverter.GetBytes(sequence), now) == Reception.Next)
                    taken.Add(sequence);
                while (stream.TryTake(now, out var payload))
                    taken.Add(BitConverter.ToUInt64(payload));
            }
        }

        Assert.Equal(total, (ulong)taken.Count);
        for (var i = 0; i < taken.Count; i++)
            Assert.Equal((ulong)i + 1, taken[i]);

        void Put(ulong sequence)
        {
            for (var copies = random.NextDouble() < repeats ? 2 : 1; copies > 0; copies--)
            {
                if (random.NextDouble() >= loss)
                    network.Enqueue(sequence, now + random.Next(latest));
            }
        }
    }

    /// <summary>Nothing is repaired: what comes is still taken once and in order, and what is given up adds up.</summary>
    [Property(MaxTest = 300)]
    public void Without_repair_what_comes_is_taken_in_order_and_the_rest_is_counted_as_lost(int seed)
    {
        var random = new Random(seed);
        var stream = new ReceivedStream(1);
        var taken = new List<ulong>();
        const ulong total = 2000;
        for (ulong sequence = 1; sequence <= total; sequence++)
        {
            var now = (long)sequence * 10;
            if (random.Next(10) != 0)
            {
                if (stream.Accept(sequence, BitConverter.GetBytes(sequence), now) == Reception.Next)
                    taken.Add(sequence);
            }
            else
            {
                stream.Hear(sequence, now);
            }

            stream.Ask(now, Ranges);
            stream.GiveUp(now);
            while (stream.TryTake(now, out var payload))
                taken.Add(BitConverter.ToUInt64(payload));
        }

        for (var now = (long)total * 10; stream.HasGap; now += ReceivedStream.AskAgainAfter)
        {
            stream.Ask(now, Ranges);
            stream.GiveUp(now);
            while (stream.TryTake(now, out var payload))
                taken.Add(BitConverter.ToUInt64(payload));
        }

        Assert.Equal(taken.Order(), taken);
        Assert.Equal(taken.Count, taken.Distinct().Count());
        Assert.Equal(total, (ulong)taken.Count + stream.Lost);
    }

    private static void AskInVain(ReceivedStream stream, long now, int times = ReceivedStream.AsksBefore)
    {
        for (; times > 0; times--)
            Assert.True(stream.Ask(now += ReceivedStream.AskAgainAfter, Ranges) > 0);
    }
}
