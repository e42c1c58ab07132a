using System.Collections.Immutable;
using System.Net;
using Director.Cluster.Availability.Vrrp;
using Director.Configuration;
using Xunit;

namespace Director.Cluster.Tests.Availability.Vrrp;

/// <summary>What the priority is by what it follows, and what the engine is told of a group.</summary>
public sealed class VrrpTrackingTests
{
    [Theory]
    [InlineData(100, 0, true, 100, null)]
    [InlineData(100, 0, false, 100, "it is down")]
    [InlineData(100, 0, null, 100, "it is down")]
    [InlineData(100, 20, true, 120, null)]
    [InlineData(100, 20, false, 100, null)]
    [InlineData(100, 20, null, 100, null)]
    [InlineData(100, -20, true, 100, null)]
    [InlineData(100, -20, false, 80, null)]
    [InlineData(100, -20, null, 100, null)]
    [InlineData(100, 253, true, 254, null)]
    [InlineData(100, -253, false, 1, null)]
    [InlineData(255, -20, false, 255, null)]
    public void A_weight_is_added_while_it_is_well_or_taken_off_while_it_is_not(int priority, int weight, bool? isUp, int expected, string? obstacle)
    {
        Assert.Equal(expected, VrrpTracking.Follow(priority, [new VrrpTracked(weight, "it is down", () => isUp)], out var found));
        Assert.Equal(obstacle, found);
    }

    [Fact]
    public void Results_count_when_there_are_enough_of_them_in_a_row_and_the_first_counts_alone()
    {
        var script = new RiseAndFall(rise: 2, fall: 3);
        Assert.Null(script.IsUp);
        // up; two failures are not three; three are; one success is not two; two are
        Assert.Equal("++++++--+", Follow("+--+--" + "-+" + "+"));

        string Follow(string results) => string.Concat(results.Select(result =>
        {
            script.Note(result == '+');
            return script.IsUp == true ? '+' : '-';
        }));
    }

    [Fact]
    public void The_engine_answers_for_each_router_s_addresses_on_its_interface_with_its_MAC()
    {
        var group = new GroupConfiguration
        {
            Name = "edge",
            Addresses = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::1"), IPAddress.Parse("10.1.0.1"), IPAddress.Parse("10.2.0.1")],
            Vrrp = new()
            {
                VirtualMac = true,
                Accept = false,
                Instances =
                [
                    new() { Interface = "eth0", RouterId = 51, Addresses = [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::1")] },
                    new() { Interface = "eth1", RouterId = 52, Addresses = [IPAddress.Parse("10.1.0.1")] },
                ],
            },
        };
        var routers = group.Vrrp.Routers(group.Addresses).ToImmutableArray();

        var held = VrrpHoldings.Of(group, new("edge", routers, Answers: true, Forwards: true, 3, 5)).ToArray();

        Assert.Equal(
            [("10.0.0.1", "eth0", "00005E000133"), ("fd00::1", "eth0", "00005E000233"), ("10.1.0.1", "eth1", "00005E000134"), ("10.2.0.1", "", "")],
            held.Select(part => (part.Addresses.Single().ToString(), string.Join(' ', part.Interfaces), part.VirtualMac?.ToString() ?? "")));
        Assert.All(held, part => Assert.True(part is { Answers: true, Forwards: true, AnswersEcho: false, AnnouncementRound: 3, Announcements: 5 }));
        Assert.Equal(4, held.Select(part => part.Name).Distinct().Count());
        var waiting = VrrpHoldings.Of(group, null).Single();
        Assert.True(waiting is { Answers: false, Forwards: false, Addresses.Length: 4 });
    }
}
