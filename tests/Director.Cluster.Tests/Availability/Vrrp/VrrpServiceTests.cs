using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using Director.Cluster.Availability;
using Director.Cluster.Availability.Vrrp;
using Director.Configuration;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.Availability.Vrrp;

/// <summary>What becomes of groups that VRRP holds on an interface that is not there: what all must do that asks nothing of the host.</summary>
public sealed class VrrpServiceTests
{
    private static readonly GroupConfiguration Edge = new()
    {
        Name = "edge",
        Addresses = [IPAddress.Parse("10.0.0.100")],
        Vrrp = new() { Instances = [new() { Interface = "nowhere", RouterId = 51 }] },
    };

    private static readonly DirectorConfiguration WithoutKey = new()
    {
        Name = "a",
        Availability = new() { Groups = [Edge, new() { Name = "own", Addresses = [IPAddress.Parse("10.0.0.102")] }] },
    };

    private readonly FakeEngine _engine = new();
    private readonly ConcurrentQueue<string> _log = new();

    public VrrpServiceTests() => _engine.Apply(Table("10.0.0.100", "10.0.0.101", "10.0.0.102"));

    [Fact]
    public async Task Without_a_key_everything_but_its_groups_is_held()
    {
        await using var service = Start(WithoutKey);
        Assert.False(_engine.Holdings.IsEverything);
        Assert.False(Held("edge")!.Answers);
        await Eventually(() => Held("own") is { Answers: true, Forwards: true } && Held("default") is { Answers: true, Addresses.Length: 1 });
        _engine.Apply(Table("10.0.0.100", "10.0.0.103", "10.0.0.104"));
        await Eventually(() => Held("default") is { Answers: true, Addresses.Length: 2 });
        Assert.All(_engine.Holdings.Groups.Where(group => group.Addresses.Contains(IPAddress.Parse("10.0.0.100"))), group => Assert.False(group.Answers || group.Forwards));
    }

    [Fact]
    public async Task It_says_why_a_group_cannot_be_held()
    {
        await using var service = Start(WithoutKey);
        await Eventually(() => service.Report().Result!.Groups is [{ Reason: "there is no interface nowhere" }]);
        var group = (await service.Report())!.Groups.Single();
        Assert.Equal((VrrpState.Initialize, GroupRole.Waits, 100, 0L), (group.State, group.Role, group.Priority, group.Takes));
        Assert.Equal(new VrrpRouterReport("nowhere", 51, null, 0), group.Routers.Single());
    }

    [Fact]
    public async Task A_configuration_that_takes_the_last_group_from_VRRP_holds_everything()
    {
        await using var service = Start(WithoutKey);
        await Eventually(() => Held("own") is { Answers: true });
        service.Reconfigure(WithoutKey with { Availability = new() });
        await Eventually(() => _engine.Holdings.IsEverything);
        Assert.Empty((await service.Report())!.Groups);
    }

    [Fact]
    public async Task Without_groups_nothing_runs_and_nothing_is_said()
    {
        await using var service = Start(new DirectorConfiguration { Name = "a" });
        Assert.Null(await service.Report());
        service.Reconfigure(WithoutKey);
        await Eventually(() => Held("own") is { Answers: true });
    }

    [Fact]
    public async Task A_priority_follows_scripts_and_services()
    {
        var hasQuorum = false;
        var track = new VrrpTrackConfiguration
        {
            Scripts = [new() { Command = "exit 0", Weight = 7 }, new() { Command = "exit 3", Weight = -40 }],
            Services = [new("www", 20)],
        };
        var configuration = WithoutKey with { Availability = new() { Groups = [Edge with { Vrrp = Edge.Vrrp! with { Track = track } }] } };
        await using var service = Start(configuration, _ => Volatile.Read(ref hasQuorum));
        await Eventually(() => service.Report().Result!.Groups is [{ Priority: 67 }]);
        Volatile.Write(ref hasQuorum, true);
        await Eventually(() => service.Report().Result!.Groups is [{ Priority: 87 }]);
        Assert.Contains("warning: tracked script 'exit 3' ended with status 3", _log);
    }

    [Fact]
    public void The_engine_forwards_for_as_long_as_both_allow()
    {
        var loan = new LoanTerms(_engine);
        loan.ByHeartbeats(1500, 1000);
        Assert.Equal(TimeSpan.FromMilliseconds(500), _engine.Lent);
        loan.ByVrrp(1060, 1000);
        Assert.Equal(TimeSpan.FromMilliseconds(60), _engine.Lent);
        loan.ByHeartbeats(1600, 1100);
        Assert.Equal(TimeSpan.Zero, _engine.Lent);
        loan.ByVrrp(long.MaxValue, 1100);
        Assert.Equal(TimeSpan.FromMilliseconds(500), _engine.Lent);
    }

    private VrrpService Start(DirectorConfiguration configuration, Func<string, bool>? hasQuorum = null) =>
        VrrpService.Start(configuration, _engine, () => true, hasQuorum ?? (_ => true), _log.Enqueue);

    private HeldGroup? Held(string group) => _engine.Holdings.Groups.FirstOrDefault(held => held.Name.StartsWith(group, StringComparison.Ordinal));

    private static ForwardingTable Table(params string[] addresses) => new()
    {
        Services = [.. addresses.Select(address => new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse(address), 80)))],
    };

    private static async Task Eventually(Func<bool> condition)
    {
        for (var start = Stopwatch.GetTimestamp(); !condition(); await Task.Delay(5))
            Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(20), "it does not come about");
    }
}
