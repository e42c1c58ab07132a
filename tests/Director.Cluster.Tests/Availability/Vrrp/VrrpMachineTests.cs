using Director.Cluster.Availability.Vrrp;
using Director.Configuration;
using Xunit;

namespace Director.Cluster.Tests.Availability.Vrrp;

/// <summary>Each row of the state table (RFC 3768 6.4, RFC 5798 6.4), and what goes beyond it. Times in microseconds.</summary>
public sealed class VrrpMachineTests
{
    private const long Second = 1_000_000;

    private static readonly UInt128 s_own = Routers.Address("10.9.0.2"), s_lower = Routers.Address("10.9.0.1"), s_higher = Routers.Address("10.9.0.3");

    [Fact]
    public void The_owner_is_master_at_its_start()
    {
        var router = new One(new() { Priority = 255 });
        Assert.Equal(["Initialize to Master", "send 0 255"], router.Step(0));
        Assert.Equal(Second, router.Machine.NextEvent);
    }

    [Fact]
    public void Others_listen_first_and_become_master_after_three_intervals_and_their_skew()
    {
        var router = new One(new());
        Assert.Equal(["Initialize to Backup"], router.Step(0));
        // 3 s + 156/256 s
        Assert.Equal(3_609_375, router.Machine.NextEvent);
        Assert.Empty(router.Step(3_609_374));
        Assert.Equal(["Backup to Master", "send 0 100"], router.Step(3_609_375));
        Assert.Equal(4_609_375, router.Machine.NextEvent);
    }

    [Theory]
    [InlineData(2, 1000, 100, 3_609_375)]
    [InlineData(2, 2000, 100, 6_609_375)]
    [InlineData(3, 2000, 100, 7_218_750)]
    [InlineData(3, 100, 100, 360_937)]
    [InlineData(3, 20, 100, 72_187)]
    [InlineData(3, 20, 254, 60_156)]
    public void The_skew_is_of_a_second_in_version_2_and_of_the_interval_in_version_3(int version, int milliseconds, int priority, long expected)
    {
        var router = new One(new() { Version = version, Interval = TimeSpan.FromMilliseconds(milliseconds), Priority = priority });
        router.Step(0);
        Assert.Equal(expected, router.Machine.NextEvent);
    }

    [Fact]
    public void A_backup_that_stops_says_nothing()
    {
        var router = new One(new());
        router.Step(0);
        Assert.Equal(["Backup to Initialize"], router.Do(machine => machine.Stop(1)));
        Assert.True(router.Machine.HasStopped);
        Assert.Equal(long.MaxValue, router.Machine.NextEvent);
        Assert.Empty(router.Step(Second));
    }

    [Fact]
    public void A_backup_that_hears_the_master_resign_waits_for_its_skew_only()
    {
        var router = new One(new());
        router.Step(0);
        router.Receive(0, s_higher, Second);
        Assert.Equal(Second + 609_375, router.Machine.NextEvent);
    }

    [Theory]
    [InlineData(100, true)]
    [InlineData(101, true)]
    [InlineData(1, false)]
    public void A_backup_hears_a_master_that_is_not_lower_and_any_without_preemption(int priority, bool isPreempting)
    {
        var router = new One(new() { Preempt = isPreempting });
        router.Step(0);
        router.Receive(priority, s_lower, Second);
        Assert.Equal(4_609_375, router.Machine.NextEvent);
        Assert.Equal((s_lower, priority), router.Machine.MasterOf(0));
    }

    [Fact]
    public void A_backup_does_not_hear_a_lower_master()
    {
        var router = new One(new());
        router.Step(0);
        router.Receive(99, s_higher, Second);
        Assert.Equal(3_609_375, router.Machine.NextEvent);
    }

    [Fact]
    public void The_owner_replaces_a_lower_master_without_preemption_too()
    {
        var router = new One(new() { Priority = 255, Preempt = false }, mayPreempt: false);
        router.Step(0);
        router.MayPreempt = true;
        router.Step(1);
        router.Receive(99, s_higher, Second);
        Assert.True(router.Machine.NextEvent < 4 * Second);
    }

    [Fact]
    public void Version_3_learns_the_master_s_interval_and_forgets_it_as_master()
    {
        var router = new One(new());
        router.Step(0);
        router.Receive(200, s_higher, Second, interval: 100_000);
        Assert.Equal(Second + 360_937, router.Machine.NextEvent);
        router.Step(Second + 360_937);
        Assert.Equal((VrrpState.Master, (2 * Second) + 360_937), (router.Machine.State, router.Machine.NextEvent));
    }

    [Fact]
    public void A_master_that_stops_resigns_and_forwards_until_another_is_master()
    {
        var router = Master();
        Assert.Equal(["Master to Initialize", "send 0 0"], router.Do(machine => machine.Stop(0)).Order());
        Assert.True(router.Machine.IsLeaving && !router.Machine.HasStopped);
        router.Receive(50, s_lower, 100_000);
        Assert.Empty(router.Step(100_000 + VrrpMachine.LeaveTime - 1));
        Assert.Equal(["released"], router.Step(100_000 + VrrpMachine.LeaveTime));
        Assert.True(router.Machine.HasStopped);
    }

    [Fact]
    public void A_master_that_stops_and_has_no_successor_ends_all_the_same()
    {
        var router = Master();
        router.Do(machine => machine.Stop(0));
        Assert.Equal(["released"], router.Step(Second + VrrpMachine.LeaveTime));
        Assert.True(router.Machine.HasStopped);
    }

    [Fact]
    public void A_master_advertises_by_the_clock_also_when_it_comes_late()
    {
        var router = Master();
        Assert.Equal(["send 0 100"], router.Step(Second + 5000));
        Assert.Equal(2 * Second, router.Machine.NextEvent);
    }

    [Fact]
    public void A_master_answers_one_that_resigns_at_once()
    {
        var router = Master();
        Assert.Equal(["send 0 100"], router.Receive(0, s_higher, 300_000));
        Assert.Equal(1_300_000, router.Machine.NextEvent);
    }

    [Theory]
    [InlineData(101, "10.9.0.1")]
    [InlineData(100, "10.9.0.3")]
    [InlineData(100, "192.168.0.1")]
    public void A_master_gives_way_to_a_higher_priority_or_a_higher_address(int priority, string from)
    {
        var router = Master();
        Assert.Equal(["Master to Backup"], router.Receive(priority, Routers.Address(from), 300_000));
        Assert.True(router.Machine.IsLeaving);
        Assert.Equal(["released"], router.Step(300_000 + VrrpMachine.LeaveTime));
        Assert.Equal(3_909_375, router.Machine.NextEvent);
    }

    [Theory]
    [InlineData(99, "10.9.0.3")]
    [InlineData(100, "10.9.0.1")]
    public void A_master_tells_a_lower_one_so_and_announces_but_answers_no_flood(int priority, string from)
    {
        var router = Master();
        Assert.Equal(["announce 5", "send 0 100"], router.Receive(priority, Routers.Address(from), 300_000).Order());
        Assert.Empty(router.Receive(priority, Routers.Address(from), 300_001));
        Assert.Equal(["send 0 100"], router.Receive(priority, Routers.Address(from), 310_000));
        router.Settle(5_299_999);
        Assert.Contains("announce 5", router.Step(5_300_000));
    }

    [Fact]
    public void Announcements_come_as_keepalived_s_timers_say()
    {
        var router = new One(new() { Priority = 255, RefreshAnnouncements = 2, AnnounceDelay = TimeSpan.FromSeconds(5) }) { Machine = { Refresh = TimeSpan.FromSeconds(30), Announcements = 7 } };
        router.Step(0);
        Assert.Equal(["5: announce 7", "30: announce 2", "60: announce 2"],
            Enumerable.Range(1, 70).SelectMany(second => router.Step(second * Second).Where(done => done.StartsWith('a')).Select(done => $"{second}: {done}")));
    }

    [Fact]
    public void A_lower_master_is_left_alone_for_the_preemption_delay()
    {
        var router = new One(new() { PreemptDelay = TimeSpan.FromSeconds(10) });
        router.Step(0);
        for (var second = 1; second <= 10; second++)
            Assert.Empty(router.Receive(50, s_lower, (second * Second) - 1));
        Assert.Equal(13_609_374, router.Machine.NextEvent);
        router.Receive(50, s_lower, 11 * Second);
        Assert.Equal(13_609_374, router.Machine.NextEvent);

        // Another higher one in between: the delay begins anew.
        router.Receive(200, s_higher, 12 * Second);
        router.Receive(50, s_lower, 13 * Second);
        Assert.Equal(16_609_375, router.Machine.NextEvent);
    }

    [Fact]
    public void Who_lacks_the_connections_replaces_nobody_and_takes_last()
    {
        var router = new One(new() { Priority = 254 }, mayPreempt: false);
        router.Step(0);
        Assert.Equal(3_996_093, router.Machine.NextEvent);
        router.Receive(1, s_lower, Second);
        Assert.Equal(4_996_093, router.Machine.NextEvent);
        router.MayPreempt = true;
        router.Step(1_500_000);
        router.Receive(1, s_lower, 2 * Second);
        Assert.Equal(["Backup to Master", "send 0 254"], router.Step(4_996_093));
    }

    [Fact]
    public void The_owner_that_lacks_the_connections_listens_too_and_takes_when_it_is_alone()
    {
        var router = new One(new() { Priority = 255 }, mayPreempt: false);
        Assert.Equal(["Initialize to Backup"], router.Step(0));
        Assert.Contains("Backup to Master", router.Step(4 * Second));
    }

    [Fact]
    public void An_obstacle_makes_a_master_resign_and_its_end_makes_it_listen()
    {
        var router = Master();
        router.Obstacle = "eth0 is down";
        Assert.Equal(["Master to Initialize", "send 0 0"], router.Step(1).Order());
        Assert.Equal("eth0 is down", router.Machine.Reason);
        router.Settle(10 * Second);
        Assert.Equal(VrrpState.Initialize, router.Machine.State);
        router.Obstacle = null;
        Assert.Equal(["Initialize to Backup"], router.Step(10 * Second));
    }

    [Fact]
    public void A_changed_priority_is_in_the_next_advertisement_and_in_the_next_comparison()
    {
        var router = Master();
        router.Priority = 90;
        Assert.Equal(["send 0 90"], router.Step(Second));
        Assert.Equal(["Master to Backup"], router.Receive(95, s_lower, Second + 1));
    }

    [Fact]
    public void A_master_that_stood_still_for_long_listens_for_an_interval_before_it_takes_the_group_again()
    {
        var router = Master();
        Assert.Equal(["Master to Backup", "released"], router.Do(machine => Assert.Equal(10 * Second, machine.Wake(10 * Second))));
        Assert.Equal((10 * Second) + 1_609_375, router.Machine.NextEvent);

        // Another was faster, lower though it is: it keeps the group for a while.
        router.Receive(1, s_lower, 11 * Second);
        Assert.Equal((11 * Second) + 3_609_375, router.Machine.NextEvent);
    }

    [Fact]
    public void A_master_that_stood_still_shortly_goes_on_unless_another_has_advertised_meanwhile()
    {
        var router = Master();
        router.Do(machine => Assert.Equal(0, machine.Wake(3 * Second)));
        Assert.Equal(["send 0 100"], router.Step(3 * Second));
        // In time again: a lower one is told so, as ever.
        router.Do(machine => Assert.Equal(0, machine.Wake(4 * Second)));
        Assert.Contains("send 0 100", router.Receive(1, s_lower, 4 * Second));

        router.Do(machine => Assert.Equal(0, machine.Wake(7 * Second)));
        Assert.Equal(["Master to Backup", "released"], router.Receive(1, s_lower, 7 * Second));
        Assert.Empty(router.Step(7 * Second));
        router.Receive(1, s_lower, 8 * Second);
        Assert.Equal((8 * Second) + 3_609_375, router.Machine.NextEvent);
    }

    [Fact]
    public void A_backup_that_stood_still_does_not_take_what_it_has_not_listened_to()
    {
        var router = new One(new());
        router.Step(0);
        router.Do(machine => Assert.Equal(0, machine.Wake(10 * Second)));
        Assert.Empty(router.Step(10 * Second));
        Assert.Contains("Backup to Master", router.Step((10 * Second) + 3_609_375));
    }

    [Fact]
    public void Who_is_not_late_has_not_stood_still()
    {
        var router = Master();
        router.Do(machine => Assert.Equal(0, machine.Wake((3 * Second) - 1)));
        Assert.Equal(3 * Second, router.Machine.HeldUntil);
        Assert.DoesNotContain("released", router.Receive(1, s_lower, (3 * Second) - 1));
    }

    [Fact]
    public void Routers_of_a_group_become_master_when_all_would_and_backup_when_one_has_to()
    {
        var group = new One(new(), routers: 2);
        group.Step(0);
        group.Receive(200, s_higher, Second, router: 1);
        Assert.Empty(group.Step(3_609_375));
        Assert.Equal(4_609_375, group.Machine.NextEvent);
        Assert.Equal(["Backup to Master", "send 0 100", "send 1 100"], group.Step(4_609_375));

        Assert.Equal(["Master to Backup"], group.Receive(200, s_higher, 5 * Second, router: 1));
        group.Receive(200, s_higher, 6 * Second, router: 1);
        group.Receive(200, s_higher, 9 * Second, router: 1);
        // One LAN of two is cut: the other's master keeps both.
        Assert.Equal(["released"], group.Step(9 * Second));
        Assert.Equal(VrrpState.Backup, group.Machine.State);
    }

    private static One Master()
    {
        var router = new One(new());
        router.Step(-3_609_375);
        router.Step(0);
        Assert.Equal(VrrpState.Master, router.Machine.State);
        return router;
    }

    /// <summary>A machine with what it did.</summary>
    private sealed class One : IVrrpActions
    {
        private readonly List<string> _done = [];

        public One(VrrpConfiguration settings, bool mayPreempt = true, int routers = 1)
        {
            (Priority, MayPreempt) = (settings.Priority, mayPreempt);
            Machine = new VrrpMachine(settings, [.. Enumerable.Range(0, routers).Select(_ => Routers.IPv4("10.9.0.100"))], this, settings.PreemptDelay > TimeSpan.Zero ? 0 : -4 * Second);
            for (var i = 0; i < routers; i++)
                Machine.SetSource(i, s_own);
        }

        public VrrpMachine Machine { get; }

        public int Priority { get; set; }

        public bool MayPreempt { get; set; }

        public string? Obstacle { get; set; }

        public IReadOnlyList<string> Step(long now) => Do(machine => machine.Step(now, new VrrpFacts(Obstacle, Priority, MayPreempt)));

        public IReadOnlyList<string> Receive(int priority, UInt128 from, long now, long interval = Second, int router = 0) =>
            Do(machine => machine.Receive(router, new VrrpAdvertisement(3, 51, priority, interval, from, VrrpAddress.IPv4Group), now));

        public IReadOnlyList<string> Do(Action<VrrpMachine> act)
        {
            _done.Clear();
            act(Machine);
            return [.. _done];
        }

        /// <summary>Lets all happen that is due until then.</summary>
        public void Settle(long until)
        {
            while (Machine.NextEvent <= until)
                Step(Machine.NextEvent);
        }

        public void Send(int router, int priority) => _done.Add($"send {router} {priority}");

        public void Changed(VrrpState before, VrrpState now, string reason) => _done.Add($"{before} to {now}");

        public void Announce(int times) => _done.Add($"announce {times}");

        public void Released() => _done.Add("released");
    }
}
