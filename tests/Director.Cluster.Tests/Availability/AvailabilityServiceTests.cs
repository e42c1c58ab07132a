using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using Director.Cluster.Availability;
using Director.Configuration;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.Availability;

/// <summary>One director without others: what its decisions come to.</summary>
public sealed class AvailabilityServiceTests
{
    private static readonly DirectorConfiguration Alone = new()
    {
        Name = "a",
        Cluster = new ClusterConfiguration { Key = [.. "0123456789abcdef"u8] },
        Availability = new AvailabilityConfiguration
        {
            Heartbeat = new HeartbeatConfiguration { Ethernet = false, Initdead = TimeSpan.FromMilliseconds(400) },
            Groups = [new GroupConfiguration { Name = "vips", Addresses = [IPAddress.Parse("10.0.0.100")], Announcements = 7, Interfaces = ["eth1"] }],
        },
    };

    private readonly FakeEngine _engine = new();
    private readonly ConcurrentQueue<string> _log = new();

    public AvailabilityServiceTests() => _engine.Apply(Table("10.0.0.100", "10.0.0.101"));

    [Fact]
    public async Task Groups_are_held_with_their_addresses_and_released_at_the_end()
    {
        var service = Start(Alone);
        Assert.False(_engine.Holdings.IsEverything);
        await Eventually(() => Held("vips") is { Answers: true, Forwards: true } && Held("default") is { Answers: true });
        Assert.Equal(["10.0.0.100"], Addresses("vips"));
        Assert.Equal((7, "eth1"), (Held("vips")!.Announcements, Held("vips")!.Interfaces.Single()));
        Assert.Equal(["10.0.0.101"], Addresses("default"));
        await Eventually(() => _log.Contains("took group vips (10.0.0.100): no other director was heard for 400 ms"));
        await service.DisposeAsync();
        Assert.True(Held("vips") is { Answers: false, Forwards: false });
        Assert.Contains("released group default (10.0.0.101): this director stops, and no other can take it", _log);
    }

    [Fact]
    public async Task Addresses_follow_the_table()
    {
        await using var service = Start(Alone);
        await Eventually(() => Held("default") is { Answers: true });
        _engine.Apply(Table("10.0.0.100", "10.0.0.102", "10.0.0.103"));
        await Eventually(() => Addresses("default") is ["10.0.0.102", "10.0.0.103"]);
    }

    [Fact]
    public async Task Another_configuration_takes_what_is_new_and_touches_nothing_else()
    {
        await using var service = Start(Alone);
        await Eventually(() => Held("vips") is { Answers: true });
        var everAnswered = true;
        _engine.Held += holdings => everAnswered &= holdings.Groups.Single(group => group.Name == "default").Answers;
        service.Reconfigure(Alone with
        {
            Availability = Alone.Availability with
            {
                Heartbeat = Alone.Availability.Heartbeat with { Priority = 5, Deadtime = TimeSpan.FromMilliseconds(500) },
                Groups = [new GroupConfiguration { Name = "more", Addresses = [IPAddress.Parse("10.0.0.101")] }],
            },
        });
        await Eventually(() => Held("more") is { Answers: true } && Held("vips") is null);
        Assert.Equal(["10.0.0.100"], Addresses("default"));
        Assert.True(everAnswered);
        await Eventually(() => _log.Contains("released group vips (10.0.0.100): the group is no longer configured"));
        await Eventually(() => service.Heard.Self.Priority == 5);
    }

    [Fact]
    public async Task Scripts_are_told_what_happened_and_their_failure_is_told()
    {
        var file = Path.GetTempFileName();
        var group = Alone.Availability.Groups[0] with { OnTake = $"echo $DIRECTOR_EVENT $DIRECTOR_GROUP $DIRECTOR_ADDRESSES > {file}", OnRelease = "exit 3" };
        var service = Start(Alone with { Availability = Alone.Availability with { Groups = [group] } });
        await Eventually(() => _log.Contains("on-take of group vips has run"));
        Assert.Equal("take vips 10.0.0.100\n", await File.ReadAllTextAsync(file));
        File.Delete(file);
        await service.DisposeAsync();
        Assert.Contains("warning: on-release of group vips ended with status 3", _log);
    }

    [Fact]
    public async Task Another_host_with_an_address_raises_an_alert_and_has_it_announced_again()
    {
        await using var service = Start(Alone);
        await Eventually(() => Held("vips") is { Answers: true });
        var round = Held("vips")!.AnnouncementRound;
        _engine.Claim(new AddressClaim(IPAddress.Parse("10.0.0.100"), PhysicalAddress.Parse("02-00-00-00-00-09"), "eth1"));
        await Eventually(() => Held("vips")!.AnnouncementRound == round + 1);
        await Eventually(() => _log.Contains("warning: group vips: 020000000009 on eth1 announces 10.0.0.100 too: another host has this address; look for it"));
    }

    [Fact]
    public async Task In_active_active_mode_a_group_is_served_once_it_has_a_share()
    {
        await using var service = Start(Alone with { Availability = Alone.Availability with { Mode = AvailabilityMode.ActiveActive } });
        await Eventually(() => service.Heard.Self.Groups.TryGetValue("vips", out var state) && state.Role == GroupRole.Holds);
        Assert.True(Held("vips") is { Answers: false, Forwards: false });
        service.SetShare("vips", new PartitionShare(BlockSense.Source, PhysicalAddress.Parse("02-00-00-00-00-01"), [.. Enumerable.Repeat(true, PartitionShare.BlockCount)]));
        await Eventually(() => Held("vips") is { Answers: true, Forwards: true, Share: not null });
    }

    [Fact]
    public async Task The_loan_is_initdead_while_alone_and_the_report_tells_all()
    {
        await using var service = Start(Alone);
        await Eventually(() => Held("vips") is { Answers: true } && _engine.Lent == TimeSpan.FromMilliseconds(400));
        var report = await service.Report();
        var group = report.Groups.Single(group => group.Name == "vips");
        Assert.Equal((GroupRole.Holds, "a", 1L), (group.Role, group.Holders.Single(), group.Takes));
        Assert.Equal("no other director was heard for 400 ms", group.Reason);
        Assert.Empty(report.Peers);
        Assert.All(report.Refused, fault => Assert.Equal(0, fault.Value));
    }

    [Fact]
    public async Task What_cannot_be_sent_is_refused()
    {
        Assert.Throws<ArgumentException>(() => AvailabilityService.Start(Alone with { Cluster = new ClusterConfiguration() }, _engine, () => true, _log.Enqueue));
        await using var service = Start(Alone);
        Assert.Throws<ArgumentException>(() => service.SetPayload(1, new byte[IHeardDirectors.MaxPayloadBytes + 1]));
        Assert.Throws<ArgumentException>(() => service.SetAkka(new string('a', 129), null));
        for (var number = 0; number < IHeardDirectors.MaxPayloads; number++)
            service.SetPayload(number, [1]);
        Assert.Throws<ArgumentException>(() => service.SetPayload(99, [1]));
        service.SetPayload(0, [2]);
        await Eventually(() => service.Heard.Self.Payloads.TryGetValue(0, out var bytes) && bytes.AsSpan().SequenceEqual<byte>([2]));
    }

    private static ForwardingTable Table(params string[] vips) => new()
    {
        Services = [.. vips.Select(vip => new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse(vip), 80)))],
    };

    private static async Task Eventually(Func<bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), "not in 30 s");
            await Task.Delay(5);
        }
    }

    private AvailabilityService Start(DirectorConfiguration configuration) => AvailabilityService.Start(configuration, _engine, () => true, _log.Enqueue);

    private HeldGroup? Held(string name) => _engine.Holdings.Groups.FirstOrDefault(group => group.Name == name);

    private string[] Addresses(string group) => [.. (Held(group)?.Addresses ?? []).Select(address => address.ToString())];
}
