using Akka.Actor;
using Akka.Configuration;
using Akka.Remote;
using Xunit;

namespace Compat.Tests.AkkaRemote;

public sealed class FailureDetectorTests
{
    private long _now = 1_000_000;

    [Fact]
    public void Without_a_heartbeat_it_is_available_and_not_monitored()
    {
        var detector = Phi();
        Assert.True(detector.IsAvailable);
        Assert.False(detector.IsMonitoring);
        _now += 1_000_000;
        Assert.True(detector.IsAvailable);
    }

    [Fact]
    public void After_one_heartbeat_the_estimate_of_the_first_interval_counts()
    {
        var detector = Phi();
        detector.HeartBeat();
        Assert.True(detector.IsMonitoring);

        // 1 s estimated +- 250 ms, 3 s of pause allowed: phi reaches 8 between 5 and 6 s.
        _now += 5_000;
        Assert.True(detector.IsAvailable);
        _now += 1_000;
        Assert.False(detector.IsAvailable);
    }

    [Fact]
    public void Regular_heartbeats_make_it_sharper()
    {
        var detector = Phi();
        Beat(detector, 1_000, 200);

        // The deviation is down to its minimum, 100 ms.
        _now += 4_400;
        Assert.True(detector.IsAvailable);
        _now += 250;
        Assert.False(detector.IsAvailable);
    }

    [Fact]
    public void Irregular_heartbeats_make_it_patient()
    {
        var detector = Phi();
        for (var i = 0; i < 100; i++)
        {
            _now += i % 2 == 0 ? 200 : 1_800;
            detector.HeartBeat();
        }

        _now += 5_000;
        Assert.True(detector.IsAvailable);
    }

    [Fact]
    public void A_heartbeat_after_the_silence_makes_it_available_and_the_silence_does_not_count()
    {
        var detector = Phi();
        Beat(detector, 1_000, 200);
        _now += 60_000;
        Assert.False(detector.IsAvailable);
        detector.HeartBeat();
        Assert.True(detector.IsAvailable);
        _now += 4_650;
        Assert.False(detector.IsAvailable);
    }

    [Fact]
    public void Only_the_last_samples_count()
    {
        var detector = new PhiAccrualFailureDetector(8, 20, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1), () => _now);
        Beat(detector, 1_000, 50);
        Beat(detector, 100, 30);

        // By the last 20 intervals 100 ms is usual; by all of them it would be above 600.
        _now += 3_500;
        Assert.True(detector.IsAvailable);
        _now += 250;
        Assert.False(detector.IsAvailable);
    }

    [Fact]
    public void It_is_configured_by_its_section()
    {
        using var system = ActorSystem.Create("detectors", "akka.loglevel = OFF");
        var config = ConfigurationFactory.ParseString("threshold = 8, max-sample-size = 100, min-std-deviation = 100ms, acceptable-heartbeat-pause = 3s, heartbeat-interval = 1s");
        var detector = FailureDetectorLoader.Load("Akka.Remote.PhiAccrualFailureDetector, Akka.Remote", config, system);
        detector.HeartBeat();
        Assert.IsType<PhiAccrualFailureDetector>(detector);
        Assert.True(detector.IsAvailable);
    }

    [Fact]
    public void A_history_without_room_is_refused() => Assert.ThrowsAny<ArgumentException>(
        () => new PhiAccrualFailureDetector(8, 0, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1), () => _now));

    [Fact]
    public void A_deadline_is_the_pause_and_an_interval()
    {
        var detector = new DeadlineFailureDetector(TimeSpan.FromSeconds(4), TimeSpan.FromSeconds(1), () => _now);
        Assert.True(detector.IsAvailable);
        detector.HeartBeat();
        _now += 4_999;
        Assert.True(detector.IsAvailable);
        _now += 2;
        Assert.False(detector.IsAvailable);
        detector.HeartBeat();
        Assert.True(detector.IsAvailable);
    }

    [Fact]
    public void A_registry_keeps_its_resources_apart()
    {
        var registry = new DefaultFailureDetectorRegistry<string>(Phi);
        Assert.True(registry.IsAvailable("a"));
        Assert.False(registry.IsMonitoring("a"));
        registry.Heartbeat("a");
        _now += 5_000;
        registry.Heartbeat("b");
        _now += 2_000;
        Assert.False(registry.IsAvailable("a"));
        Assert.True(registry.IsAvailable("b"));
        registry.Remove("a");
        Assert.True(registry.IsAvailable("a"));
        Assert.False(registry.IsMonitoring("a"));
        registry.Reset();
        Assert.False(registry.IsMonitoring("b"));
    }

    private PhiAccrualFailureDetector Phi() => new(8, 1000, TimeSpan.FromMilliseconds(100), TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(1), () => _now);

    private void Beat(FailureDetector detector, int interval, int times)
    {
        for (var i = 0; i < times; i++)
        {
            _now += interval;
            detector.HeartBeat();
        }
    }
}
