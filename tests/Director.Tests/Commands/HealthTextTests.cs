using System.Collections.Immutable;
using System.Text.Json;
using Director.Cluster.Health;
using Director.Cluster.Telemetry;
using Director.Commands;
using Director.Control;
using Director.Forwarding;
using Xunit;

namespace Director.Tests.Commands;

public class HealthTextTests
{
    private static readonly DateTimeOffset _now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    private static readonly ImmutableArray<ServiceHealthFigures> _services =
    [
        new("TCP 10.0.0.1:80", "www", HasQuorum: true, IsInPanic: false, "waits",
        [
            new("10.0.1.1:80", "up", 5, 5, 100, "http: status 200", "lb1") { Since = _now.AddSeconds(-90) },
            new("10.0.1.2:80", "down", 0, 5, 100, "http: connection refused", "lb2") { Since = _now.AddMinutes(-3) },
            new("10.0.1.3:80", "up", 60, 1, 60, "http: status 200", "lb1") { Since = _now.AddHours(-5) },
            new("10.0.1.4:80", "maintenance", 0, 1, 100, "taken out by an operator", "") { DrainSeconds = 41.6 },
            new("10.0.1.5:80", "unchecked", 1, 1, 100, "", ""),
        ]),
        new("UDP 10.0.0.1:53", "dns", HasQuorum: false, IsInPanic: true, "serves", []),
    ];

    private static EngineReport Engine => new([], 0, 0, ImmutableSortedDictionary<string, ulong>.Empty, 1, []);

    [Fact]
    public void It_shows_who_is_how_since_when_and_who_says_so() => Assert.Equal(
        """
        REAL SERVER     HEALTH            WEIGHT   SINCE BY  SAYS
        www/10.0.1.1:80 up                     5    90 s lb1 http: status 200
        www/10.0.1.2:80 down               0 (5)   3 min lb2 http: connection refused
        www/10.0.1.3:80 up          60 (1 x 60%)     5 h lb1 http: status 200
        www/10.0.1.4:80 maintenance        0 (1)       - -   taken out by an operator; 0 connections left, ended in 42 s
        dns: too many real servers have failed at once, the last good ones are kept


        """,
        HealthText.Format(_services, Engine, _now));

    [Fact]
    public void Where_nothing_is_checked_it_says_nothing() =>
        Assert.Equal("", HealthText.Format([_services[0] with { Servers = [_services[0].Servers[4]] }], Engine, _now));

    [Fact]
    public void It_reaches_the_command_whole()
    {
        var figures = new DirectorFigures("lb1", "director", _now, Timeouts.Default, Engine) { Health = _services };
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(new ControlResponse { Report = figures }, ControlJson.Default.ControlResponse);
        DirectorFigures back = JsonSerializer.Deserialize(json, ControlJson.Default.ControlResponse)!.Report!;
        Assert.Equal(json, JsonSerializer.SerializeToUtf8Bytes(new ControlResponse { Report = back }, ControlJson.Default.ControlResponse));
    }
}
