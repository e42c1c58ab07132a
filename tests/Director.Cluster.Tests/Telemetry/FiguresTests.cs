using System.Collections.Immutable;
using System.Net;
using System.Runtime.Serialization;
using Akka.Serialization;
using Akka.TestKit.Xunit2;
using Director.Cluster.Telemetry;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.Telemetry;

public sealed class FiguresTests : TestKit
{
    private static readonly DateTimeOffset Started = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);

    private readonly GatheredFigures _gathered = new();

    public FiguresTests()
        : base($"akka.loggers = []\nakka.loglevel = ERROR\n{FiguresSerializer.Configuration}")
    {
    }

    [Fact]
    public void Figures_find_their_serializer_and_come_back_as_they_were()
    {
        var figures = Figures(services: 1, servers: 2) with
        {
            Address = "akka.tls://director@lb1:2551",
            Groups = [new("default", [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("fd00::1")], "holds") { Partition = new(2, "0 511") { Epoch = 9, Master = "lb2", Weight = 7 }, Takes = 3 }, new("other", [], "waits") { Vrrp = new("backup", 90, "it listens", [new("eth0", 51, "10.0.0.2", 100), new("eth1", 52, "", 0)]) { Sent = 8, Received = 9 } }],
            Vrrp = Counters("drop-checksum", 6),
            Heartbeat = new(true, 3, 2, ["lb2", "lb3"]) { LongestPauseSeconds = 0.25, Counters = Counters("drop-forged", 4) },
            Synchronisation = new(false, [new("lb2", "snapshot", 1, 2, 3)]) { Counters = Counters("drop-replayed", 5) },
            Feedback = new([new("www", IPAddress.Parse("fd00::11"), 80, 40, "ready", 0.5, "rs1"), new("www", IPAddress.Parse("10.1.0.12"), 65535, 100, "stale", -1, "agent-check")]) { Counters = Counters("drop-flood", 7) },
            Differences = ["virtual service FWM 1 removed"],
        };
        var serializer = Assert.IsType<FiguresSerializer>(Sys.Serialization.FindSerializerFor(new FiguresPart(figures, 0, 1)));
        var bytes = serializer.ToBinary(new FiguresPart(figures, 0, 1));
        var (back, _, _) = (FiguresPart)serializer.FromBinary(bytes, serializer.Manifest(figures));
        Assert.Equal(bytes, serializer.ToBinary(new FiguresPart(back, 0, 1)));
        Assert.Equal((figures.Name, figures.Program, figures.Started, figures.Timeouts, figures.Address), (back.Name, back.Program, back.Started, back.Timeouts, back.Address));
        Assert.Equal(figures.Engine.Counters, back.Engine.Counters);
        Assert.Equal(figures.Engine.Services[0].RealServers.AsEnumerable(), back.Engine.Services[0].RealServers);
        Assert.Equal(figures.Groups[0].Partition, back.Groups[0].Partition);
        Assert.Equal(figures.Groups[0].Takes, back.Groups[0].Takes);
        Assert.Equal(figures.Groups[1].Vrrp!.Routers.AsEnumerable(), back.Groups[1].Vrrp!.Routers);
        Assert.Equal(figures.Groups[1].Vrrp, back.Groups[1].Vrrp! with { Routers = figures.Groups[1].Vrrp!.Routers });
        Assert.Null(back.Groups[0].Vrrp);
        Assert.Equal(figures.Vrrp, back.Vrrp);
        Assert.Equal(figures.Feedback.Servers.AsEnumerable(), back.Feedback!.Servers);
        Assert.Equal(figures.Feedback.Counters, back.Feedback.Counters);
        Assert.Equal(figures.Synchronisation.Peers.AsEnumerable(), back.Synchronisation!.Peers);
        Assert.Equal(figures.Heartbeat.Hears.AsEnumerable(), back.Heartbeat!.Hears);
        Assert.Equal(figures.Heartbeat.LongestPauseSeconds, back.Heartbeat.LongestPauseSeconds);
        Assert.Equal(figures.Heartbeat.Counters, back.Heartbeat.Counters);
        Assert.Equal(figures.Synchronisation.Counters, back.Synchronisation.Counters);
        Assert.Throws<SerializationException>(() => serializer.FromBinary(bytes, "director-figures/2 FiguresPart"));
        Assert.Throws<SerializationException>(() => serializer.FromBinary([], serializer.Manifest(figures)));
    }

    [Fact]
    public void A_very_large_table_is_sent_in_parts_that_fit_into_a_frame_and_put_together()
    {
        var figures = Figures(services: 1_000, servers: 20) with { Differences = [.. Enumerable.Range(0, 70).Select(i => $"virtual service {new string('x', 200)} {i}")] };
        var parts = FiguresPart.Cut(figures);
        var serializer = Sys.Serialization.FindSerializerForType(typeof(FiguresPart));
        Assert.All(parts, part => Assert.InRange(serializer.ToBinary(part).Length, 1, 124_000));
        foreach (var part in parts)
        {
            _gathered.Take(part, TimeSpan.Zero);
        }

        var whole = Assert.Single(_gathered.Figures(TimeSpan.FromSeconds(2)));
        Assert.Equal(2, whole.AgeSeconds);
        Assert.Equal(figures.Engine.Services.Select(service => service.Spec.Key), whole.Engine.Services.Select(service => service.Spec.Key));
        Assert.All(whole.Engine.Services, service => Assert.Equal(20, service.RealServers.Length));
        Assert.Equal("and 20 more: 'director status' on lb1 shows them", whole.Differences[^1]);
    }

    [Fact]
    public void A_part_that_is_sent_later_has_its_services_and_the_rest_as_it_is_then()
    {
        var late = FiguresPart.Cut(Figures(services: 100, servers: 20))[^1];
        var now = Figures(services: 0, servers: 0) with { Groups = [new("default", [], "holds")] };
        var sent = late.At(now with { Engine = now.Engine with { ConnectionCount = 99 } });
        Assert.Equal((99, "default"), (sent.Figures.Engine.ConnectionCount, sent.Figures.Groups.Single().Name));
        Assert.Equal(late.Figures.Engine.Services, sent.Figures.Engine.Services);
        Assert.Equal((late.Index, late.Count), (sent.Index, sent.Count));
    }

    [Fact]
    public void Of_very_many_real_servers_that_report_the_first_are_sent()
    {
        var many = Figures(services: 1, servers: 1) with
        {
            Feedback = new([.. Enumerable.Range(0, 1000).Select(i => new FedServerFigures("www", IPAddress.Parse("10.1.0.11"), (ushort)i, 40, "ready", 0.5, "rs1"))]),
        };

        Assert.Equal(FiguresPart.MostFeedback, FiguresPart.Cut(many)[0].Figures.Feedback!.Servers.Length);
        Assert.Equal(FiguresPart.MostFeedback, FiguresPart.Cut(Figures(1, 1))[0].At(many).Figures.Feedback!.Servers.Length);
    }

    [Fact]
    public void Of_a_service_with_very_many_real_servers_the_first_are_sent()
    {
        var part = Assert.Single(FiguresPart.Cut(Figures(services: 1, servers: 5_000)), part => !part.Figures.Engine.Services.IsEmpty);
        Assert.Equal(FiguresPart.MostRows - 1, part.Figures.Engine.Services[0].RealServers.Length);
    }

    [Fact]
    public void A_director_that_started_again_has_only_its_new_figures()
    {
        var parts = FiguresPart.Cut(Figures(services: 100, servers: 20));
        Assert.True(parts.Length > 2);
        _gathered.Take(parts[0], TimeSpan.Zero);
        _gathered.Take(parts[1], TimeSpan.Zero);
        _gathered.Take(new FiguresPart(Figures(services: 1, servers: 1) with { Started = Started.AddSeconds(1) }, 0, 1), TimeSpan.FromSeconds(1));
        Assert.Single(Assert.Single(_gathered.Figures(TimeSpan.FromSeconds(1))).Engine.Services);
    }

    [Fact]
    public void A_silent_director_is_shown_with_its_age_and_then_forgotten()
    {
        _gathered.Take(new FiguresPart(Figures(1, 1), 0, 1), TimeSpan.FromSeconds(100));
        Assert.Equal(59, Assert.Single(_gathered.Figures(TimeSpan.FromSeconds(159))).AgeSeconds);
        Assert.Empty(_gathered.Figures(TimeSpan.FromSeconds(161)));
    }

    [Theory]
    [InlineData("", 0)]
    [InlineData("0", 1)]
    [InlineData("0-511", 512)]
    [InlineData("0-3 7 500-511", 17)]
    public void Blocks_are_named_by_ranges(string ranges, int count)
    {
        var blocks = new bool[512];
        foreach (var range in ranges.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var ends = range.Split('-').Select(int.Parse).ToArray();
            Array.Fill(blocks, true, ends[0], ends[^1] - ends[0] + 1);
        }

        Assert.Equal(new PartitionFigures(count, ranges), PartitionFigures.Of([.. blocks]));
    }

    private static ImmutableSortedDictionary<string, ulong> Counters(string name, ulong count) => ImmutableSortedDictionary.CreateRange<string, ulong>(StringComparer.Ordinal, [new(name, count)]);

    private static DirectorFigures Figures(int services, int servers) => new("lb1", "director 0.1.0", Started, new(1, 2, 3), new(
        [.. Enumerable.Range(0, services).Select(i => Service(i, servers))],
        34,
        65536,
        Enumerable.Range(0, 80).ToImmutableSortedDictionary(i => $"drop-for-a-reason-with-a-long-name-{i}", _ => ulong.MaxValue, StringComparer.Ordinal),
        2,
        ["eth0", "eth1"]));

    private static VirtualServiceReport Service(int number, int servers) => new(
        new(ServiceKey.ForAddress(Protocol.Udp, IPAddress.Parse($"fd00:1111:2222:3333:4444:5555:6666:{number:x}"), 443)) { Name = $"a-service-{number}", Scheduler = "lblcr" },
        [
            .. Enumerable.Range(0, servers).Select(i => new RealServerReport(
                new(IPAddress.Parse($"fd00:1111:2222:3333:4444:5555:7777:{i:x}"), 8443) { Weight = 60_000, UpperThreshold = 1_000_000, LowerThreshold = 500_000 },
                1_000_000, 1_000_000, 1_000_000, true, new(1_000_000_000_000, 1_000_000_000_000, 1_000_000_000_000, 1_000_000_000_000_000, 1_000_000_000_000_000), new(1_000_000, 10_000_000, 10_000_000, 10_000_000_000, 10_000_000_000))),
        ],
        new(1, 2, 3, 4, 5),
        new(6, 7, 8, 9, 10));
}
