using Director.Forwarding.Scheduling;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

/// <summary>Rules that the recorded vectors do not reach.</summary>
public class SchedulerRuleTests
{
    private const long Day = 24 * 60 * 60 * 1000;

    [Theory]
    [InlineData("lc")]
    [InlineData("wlc")]
    public void An_active_connection_weighs_as_much_as_256_inactive_ones(string scheduler)
    {
        using var test = new ServiceUnderTest(scheduler, [1, 1]);
        var (other, head) = (test.Destinations[0], test.Destinations[1]);
        Assert.True(other.TryBind());
        other.Activate();
        for (int inactive = 0; inactive < 256; inactive++)
        {
            Assert.True(head.TryBind());
        }

        Assert.Same(head, test.Ask(ServiceUnderTest.From(1)));
        Assert.True(head.TryBind());
        Assert.Same(other, test.Ask(ServiceUnderTest.From(1)));
    }

    [Fact]
    public void Rr_goes_on_behind_a_real_server_that_was_removed()
    {
        using var test = new ServiceUnderTest("rr", [1, 1, 1, 1]);
        var all = test.Destinations;
        Assert.Same(all[3], test.Ask(ServiceUnderTest.From(1)));
        Assert.Same(all[2], test.Ask(ServiceUnderTest.From(1)));
        test.Remove(2);
        Assert.Same(all[1], test.Ask(ServiceUnderTest.From(1)));
        test.Remove(2); // all[3], which is at the head.
        Assert.Same(all[0], test.Ask(ServiceUnderTest.From(1)));
        Assert.Same(all[1], test.Ask(ServiceUnderTest.From(1)));
    }

    [Fact]
    public void A_removed_real_server_is_not_chosen_again_whatever_the_scheduler_remembers()
    {
        foreach (string scheduler in SchedulerNames.All)
        {
            using var test = new ServiceUnderTest(scheduler, [1, 1, 1]);
            while (test.Destinations.Length > 1)
            {
                var remembered = test.Ask(ServiceUnderTest.From(7));
                Assert.NotNull(remembered);
                test.Remove(Array.IndexOf(test.Destinations, remembered));
                Assert.True(test.Ask(ServiceUnderTest.From(7)) is { IsAvailable: true }, scheduler);
            }

            test.Remove(0);
            Assert.True(test.Ask(ServiceUnderTest.From(7)) is null, scheduler);
        }
    }

    [Fact]
    public void Lblcr_forgets_the_most_loaded_of_a_set_that_was_not_changed_for_a_day()
    {
        using var test = new ServiceUnderTest("lblcr", [2, 8, 1]);
        var (last, spare, first) = (test.Destinations[0], test.Destinations[1], test.Destinations[2]);

        // Two connections make the first too busy, so that the next goes to another, which joins the set.
        Assert.Same(first, test.Open(ServiceUnderTest.From(1)));
        Assert.True(first.TryBind());
        first.Activate();
        Assert.Same(spare, test.Open(ServiceUnderTest.From(1)));
        for (int connection = 0; connection < 2; connection++)
        {
            first.Unbind(active: true);
        }

        // The address is used every hour, so it is remembered; both of its real servers stay for a day.
        for (long hour = 1; hour <= 24; hour++)
        {
            Assert.Same(first, test.Ask(ServiceUnderTest.From(1), hour * Day / 24));
        }

        // Then the one with a connection leaves: of the others the set has only the first, until that is too busy again.
        Assert.Same(first, test.Ask(ServiceUnderTest.From(1), Day + 1));
        Assert.True(first.TryBind());
        first.Activate();
        Assert.Same(first, test.Ask(ServiceUnderTest.From(1), Day + 2));
        Assert.Equal(0, last.ActiveConnections);
    }

    [Fact]
    public void Lblc_chooses_again_for_an_address_that_nobody_asked_for_in_a_day()
    {
        using var test = new ServiceUnderTest("lblc", [1, 1]);
        var (other, head) = (test.Destinations[0], test.Destinations[1]);
        Assert.Same(head, test.Ask(ServiceUnderTest.From(1), 0));
        Assert.True(head.TryBind());
        Assert.Same(head, test.Ask(ServiceUnderTest.From(1), Day - 1));
        Assert.Same(other, test.Ask(ServiceUnderTest.From(1), (2 * Day) - 1));
    }
}
