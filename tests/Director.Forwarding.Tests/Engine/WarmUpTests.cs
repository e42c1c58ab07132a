using System.Collections.Concurrent;
using System.Diagnostics;
using Director.Forwarding.Engine;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>What has to be compiled before a takeover is run on made-up frames, and nothing is left of it.</summary>
[Collection(nameof(Alone))]
public sealed class WarmUpTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_common_kind_of_frame_goes_its_way_and_goes_it_again(bool synchronises)
    {
        using var path = new PracticePath(synchronises);
        path.Run();
        var once = Counts(path);
        path.Run();

        // Of the four ways of holding addresses the last is not to hold them.
        const ulong families = 2, holding = 3;
        Assert.Equal(holding, once[PacketCounter.ArpAnswered]);
        Assert.Equal(holding, once[PacketCounter.SolicitationAnswered]);
        Assert.Equal(holding * families, once[PacketCounter.EchoAnswered]);
        Assert.Equal(holding * families * 2, once[PacketCounter.IcmpForwarded]);
        Assert.Equal(holding * families, once[PacketCounter.DropNoService]);
        foreach (var counter in (PacketCounter[])
            [
                PacketCounter.ForwardedIn, PacketCounter.ForwardedOut, PacketCounter.ConnectionsCreated, PacketCounter.ConnectionsExpired, PacketCounter.ConnectionsAdopted,
                PacketCounter.Synchronised, PacketCounter.DropNotSyn, PacketCounter.IcmpSent, PacketCounter.DropNotHeld, PacketCounter.HandedBack, PacketCounter.OtherHost,
            ])
        {
            Assert.True(once[counter] > 0, counter.ToString());
        }

        // Whatever can go wrong with a frame that is made up wrongly.
        for (var counter = PacketCounter.DropTruncated; counter <= PacketCounter.DropBadIcmp; counter++)
            Assert.Equal(0ul, once[counter]);
        Assert.Equal(0ul, once[PacketCounter.DropOrphanFragment]);

        // All has expired between, so that each run does all of it.
        var twice = Counts(path);
        foreach (var counter in (PacketCounter[])[PacketCounter.ForwardedIn, PacketCounter.ForwardedOut, PacketCounter.ConnectionsCreated, PacketCounter.ConnectionsAdopted])
            Assert.Equal(once[counter] * 2, twice[counter]);
    }

    [Fact]
    public void It_gives_its_memory_back()
    {
        for (var i = 0; i < 5; i++)
            RunOnce();
        var before = ResidentBytes();
        for (var i = 0; i < 100; i++)
            RunOnce();

        // With nothing freed it is about 80 MB (measured); what the runtime itself grows by is a fraction of that.
        Assert.True(ResidentBytes() - before < 60 << 20, $"{ResidentBytes() - before} bytes more");
    }

    [Fact]
    public void It_runs_in_the_background_says_nothing_and_can_be_stopped_at_any_time()
    {
        var log = new ConcurrentQueue<string>();
        using (new WarmUp(true, log.Enqueue))
        {
        }

        using (var warmUp = new WarmUp(true, log.Enqueue))
            Assert.True(warmUp.Wait(TimeSpan.FromMinutes(2)));
        Assert.Empty(log);
    }

    private static void RunOnce()
    {
        using var path = new PracticePath(true);
        path.Run();
    }

    private static long ResidentBytes()
    {
        GC.Collect();
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private static Dictionary<PacketCounter, ulong> Counts(PracticePath path) => Enum.GetValues<PacketCounter>().ToDictionary(counter => counter, counter => path.Counters[counter]);
}
