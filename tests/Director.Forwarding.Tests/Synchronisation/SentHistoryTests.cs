using Director.Forwarding.Synchronisation;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>What can still be sent again.</summary>
public sealed class SentHistoryTests
{
    [Fact]
    public void The_last_datagrams_are_kept_as_they_were_and_older_ones_are_gone()
    {
        using var history = new SentHistory(64 << 10);
        for (ulong sequence = 1; sequence <= 1000; sequence++)
            history.Add(sequence, Bytes(sequence));
        var room = new byte[Datagram.MaximumLength];
        Assert.Equal(0, history.Read(0, room));
        Assert.Equal(0, history.Read(1, room));
        Assert.Equal(0, history.Read(1001, room));
        var kept = Enumerable.Range(1, 1000).Where(sequence => history.Read((ulong)sequence, room) > 0).ToArray();
        Assert.Equal(Enumerable.Range(1001 - kept.Length, kept.Length), kept);
        Assert.InRange(kept.Length, 50, 256);
        foreach (var sequence in kept)
            Assert.Equal(Bytes((ulong)sequence), room[..history.Read((ulong)sequence, room)]);
    }

    [Fact]
    public void A_reader_beside_the_writer_gets_whole_datagrams_or_none()
    {
        using var history = new SentHistory(64 << 10);
        ulong written = 0;
        using var stop = new CancellationTokenSource();
        var writer = new Thread(() =>
        {
            for (ulong sequence = 1; !stop.IsCancellationRequested; sequence++)
            {
                history.Add(sequence, Bytes(sequence));
                Volatile.Write(ref written, sequence);
            }
        });
        writer.Start();
        var room = new byte[Datagram.MaximumLength];
        var whole = 0;
        var torn = 0;
        var random = new Random(1);
        var clock = System.Diagnostics.Stopwatch.StartNew();
        while (whole < 20_000 && torn == 0 && clock.Elapsed < TimeSpan.FromSeconds(30))
        {
            var last = Volatile.Read(ref written);
            var sequence = last - Math.Min(last, (ulong)random.Next(100));
            var length = history.Read(sequence, room);
            if (length == 0)
                continue;
            whole++;
            if (!room.AsSpan(0, length).SequenceEqual(Bytes(sequence)))
                torn++;
        }

        stop.Cancel();
        writer.Join();
        Assert.Equal((20_000, 0), (whole, torn));
    }

    private static byte[] Bytes(ulong sequence)
    {
        var bytes = new byte[60 + (sequence * 37 % 1300)];
        Array.Fill(bytes, (byte)(sequence * 7));
        return bytes;
    }
}
