using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Director.Forwarding.Scheduling;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

public class DestinationTests
{
    private static readonly VirtualService Service = new(new VirtualServiceSpec(ServiceKey.ForMark(1)), new Random(1));

    [Fact]
    public void A_connection_is_inactive_until_it_is_established()
    {
        var destination = Create(0, 0);
        Assert.True(destination.TryBind());
        Assert.Equal((0, 1), (destination.ActiveConnections, destination.InactiveConnections));
        destination.Activate();
        Assert.Equal((1, 0), (destination.ActiveConnections, destination.InactiveConnections));
        destination.Deactivate();
        Assert.Equal((0, 1), (destination.ActiveConnections, destination.InactiveConnections));
        destination.Unbind(active: false);
        Assert.Equal((0, 0), (destination.ActiveConnections, destination.InactiveConnections));
    }

    [Theory]
    [InlineData(4, 0, 2)] // 3 * 4 < 4 * 3 is not; 2 * 4 < 12 is.
    [InlineData(10, 0, 7)]
    [InlineData(4, 4, 3)]
    [InlineData(4, 1, 0)]
    [InlineData(1, 0, 0)]
    public void Overload_begins_at_the_upper_threshold_and_ends_below_the_lower_one_or_three_quarters(int upper, int lower, int endsAt)
    {
        var destination = Create(upper, lower);
        for (int connection = 1; connection <= upper; connection++)
        {
            destination.TryBind();
            Assert.Equal(connection == upper, destination.IsOverloaded);
        }

        destination.Activate();
        destination.Unbind(active: true);
        for (int left = upper - 1; left >= 0; left--)
        {
            Assert.Equal(left > endsAt, destination.IsOverloaded);
            if (left > 0)
            {
                destination.Unbind(active: false);
            }
        }
    }

    [Fact]
    public void A_higher_threshold_ends_the_overload_at_once_and_a_lower_one_acts_at_the_next_connection()
    {
        var destination = Create(2, 0);
        destination.TryBind();
        destination.TryBind();
        Assert.True(destination.IsOverloaded);

        destination.Update(Spec(2, 1), ForwardingMethod.Nat);
        Assert.True(destination.IsOverloaded);
        destination.Update(Spec(3, 0), ForwardingMethod.Nat);
        Assert.False(destination.IsOverloaded);
        destination.Update(Spec(1, 0), ForwardingMethod.Nat);
        Assert.False(destination.IsOverloaded);
        destination.TryBind();
        Assert.True(destination.IsOverloaded);
        destination.Update(Spec(0, 0), ForwardingMethod.Nat);
        Assert.False(destination.IsOverloaded);
    }

    [Fact]
    public void A_template_does_not_count_towards_a_threshold()
    {
        var destination = Create(1, 0);
        Assert.True(destination.TryBindTemplate());
        Assert.Equal(1, destination.PersistentConnections);
        Assert.False(destination.IsOverloaded);
    }

    [Fact]
    public void A_removed_real_server_keeps_its_connections_and_takes_no_other()
    {
        var destination = Create(0, 0);
        destination.TryBind();
        destination.Activate();
        destination.TryBindTemplate();
        destination.Remove();
        Assert.False(destination.IsAvailable);
        Assert.False(destination.TryBind());
        Assert.False(destination.TryBindTemplate());
        Assert.Equal((1, 0, 1), (destination.ActiveConnections, destination.InactiveConnections, destination.PersistentConnections));

        destination.Unbind(active: true);
        Assert.False(destination.IsUnreferenced);
        destination.UnbindTemplate();
        Assert.True(destination.IsUnreferenced);
    }

    [Fact]
    public void A_real_server_that_was_removed_while_overloaded_is_unreferenced_once_its_connections_ended()
    {
        var destination = Create(1, 0);
        destination.TryBind();
        destination.Remove();
        destination.Unbind(active: false);
        Assert.True(destination.IsUnreferenced);
    }

    [Fact]
    public void Mh_counts_the_last_weight_that_was_not_0()
    {
        var destination = Create(0, 0);
        destination.Update(Spec(0, 0) with { Weight = 5 }, ForwardingMethod.Nat);
        destination.Update(Spec(0, 0) with { Weight = 0 }, ForwardingMethod.Nat);
        Assert.Equal((0, 5), (destination.Weight, destination.LastWeight));
        Assert.Equal(0, new Destination(0, Service, Spec(0, 0) with { Weight = 0 }, ForwardingMethod.Nat).LastWeight);
    }

    [Fact]
    public void Workers_that_bind_and_unbind_at_once_leave_nothing_behind()
    {
        const int workers = 4;
        var destination = Create(3, 1);
        int overshoot = 0;
        var threads = Enumerable.Range(0, workers).Select(worker => new Thread(() =>
        {
            for (int round = 0; round < 50_000; round++)
            {
                if (!destination.CanTakeMore)
                {
                    continue;
                }

                destination.TryBind();
                destination.Activate();
                if (destination.ActiveConnections + destination.InactiveConnections > 3 + workers)
                {
                    Interlocked.Increment(ref overshoot);
                }

                destination.Deactivate();
                destination.Unbind(active: false);
            }
        })).ToArray();
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());

        Assert.Equal((0, 0), (destination.ActiveConnections, destination.InactiveConnections));
        Assert.False(destination.IsOverloaded);
        Assert.Equal(0, overshoot);
    }

    [Fact]
    public void Counters_have_64_bytes_on_both_sides_for_themselves()
    {
        Assert.Equal(64, Marshal.OffsetOf<Destination.Counts>(nameof(Destination.Counts.State)));
        Assert.Equal(72, Marshal.OffsetOf<Destination.Counts>(nameof(Destination.Counts.Persistent)));
        Assert.InRange(Unsafe.SizeOf<Destination.Counts>(), 72 + sizeof(int) + 64, 192);
    }

    [Property]
    public void Counts_and_overload_follow_any_sequence_of_events(bool[] opens, byte upper, byte lower)
    {
        int u = upper % 8;
        int l = lower % 8;
        var destination = Create(u, l);
        int total = 0;
        bool isOverloaded = false;
        foreach (bool open in opens)
        {
            if (open)
            {
                destination.TryBind();
                total++;
                isOverloaded |= u != 0 && total >= u;
            }
            else if (total > 0)
            {
                destination.Unbind(active: false);
                total--;
                isOverloaded &= !(l != 0 ? total < l : u == 0 || total * 4 < u * 3);
            }

            Assert.Equal((total, isOverloaded), (destination.InactiveConnections, destination.IsOverloaded));
        }
    }

    private static Destination Create(int upper, int lower) => new(0, Service, Spec(upper, lower), ForwardingMethod.Nat);

    private static RealServerSpec Spec(int upper, int lower) => new(IPAddress.Parse("10.1.0.1"), 80) { UpperThreshold = upper, LowerThreshold = lower };
}
