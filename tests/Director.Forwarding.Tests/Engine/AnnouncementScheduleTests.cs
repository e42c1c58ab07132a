using System.Net;
using Director.Forwarding.Engine;
using Director.Forwarding.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

public sealed class AnnouncementScheduleTests
{
    private static readonly InetAddress One = InetAddress.From(IPAddress.Parse("10.0.0.1")), Two = InetAddress.From(IPAddress.Parse("10.0.0.2"));
    private readonly AnnouncementSchedule _schedule = new();

    [Fact]
    public void A_taken_group_is_announced_at_once_again_shortly_after_then_a_second_apart_and_refreshed()
    {
        _schedule.Follow(5000, [new("www", [One], 4, TimeSpan.FromSeconds(60))]);
        Assert.Equal([5000L, 5100, 6100, 7100, 67_100, 127_100], Times(6));
    }

    [Fact]
    public void An_interval_of_a_group_s_own_is_kept()
    {
        _schedule.Follow(0, [new("www", [One], 3, TimeSpan.Zero, Interval: TimeSpan.FromMilliseconds(20))]);
        Assert.Equal([0L, 20, 40, long.MaxValue], Times(4));
    }

    [Fact]
    public void Without_refresh_it_ends()
    {
        _schedule.Follow(0, [new("www", [One], 2, TimeSpan.Zero)]);
        Assert.Equal([0L, 100, long.MaxValue], Times(3));
    }

    [Fact]
    public void What_stays_is_not_announced_anew_and_what_comes_to_it_is()
    {
        AnnouncedGroup group = new("www", [One], 1, TimeSpan.Zero);
        _schedule.Follow(0, [group]);
        Assert.Equal(One, Assert.Single(_schedule.Take(0)));
        _schedule.Follow(10, [group with { }]);
        Assert.Empty(_schedule.Take(10));
        _schedule.Follow(20, [group with { Addresses = [One, Two] }]);
        Assert.Equal(2, _schedule.Take(20).Length);
        _schedule.Follow(30, [group]);
        Assert.Empty(_schedule.Take(30));
    }

    [Fact]
    public void Another_round_announces_what_is_held_again()
    {
        AnnouncedGroup group = new("www", [One], 1, TimeSpan.Zero, Round: 3);
        _schedule.Follow(0, [group]);
        Assert.Equal(One, Assert.Single(_schedule.Take(0)));
        _schedule.Follow(10, [group]);
        Assert.Empty(_schedule.Take(10));
        _schedule.Follow(20, [group with { Round = 4 }]);
        Assert.Equal(One, Assert.Single(_schedule.Take(20)));
    }

    [Fact]
    public void A_group_that_was_released_and_is_taken_again_is_announced_again()
    {
        AnnouncedGroup group = new("www", [One], 3, TimeSpan.FromSeconds(1));
        _schedule.Follow(0, [group]);
        _schedule.Take(0);
        _schedule.Follow(10, []);
        Assert.Equal(long.MaxValue, _schedule.Next);
        Assert.Empty(_schedule.Take(100_000));
        _schedule.Follow(20, [group]);
        Assert.Equal(One, Assert.Single(_schedule.Take(20)));
    }

    private List<long> Times(int count)
    {
        List<long> times = [];
        for (var i = 0; i < count; i++)
        {
            var next = _schedule.Next;
            times.Add(next);
            if (next != long.MaxValue)
                Assert.Equal(One, Assert.Single(_schedule.Take(next)));
        }

        return times;
    }
}
