using System.Collections.Immutable;
using System.Net;
using Director.Commands;
using Director.Forwarding;
using Xunit;

namespace Director.Tests.Commands;

public sealed class StatusTextTests
{
    private static readonly DateTimeOffset Started = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Services_and_real_servers_are_rows_and_drops_come_last()
    {
        VirtualServiceSpec www = new(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80)) { Name = "www", Scheduler = "wrr" };
        EngineReport engine = new(
            [
                new(
                    www,
                    [
                        new(new(IPAddress.Parse("10.1.0.2"), 80) { Method = ForwardingMethod.Nat, Weight = 0 }, 0, 4, 0, true, default, default),
                        new(new(IPAddress.Parse("10.1.0.1"), 80) { Method = ForwardingMethod.Direct, Weight = 5 }, 10, 20, 0, false, default, new(1, 99_999, 100_000, 12_345_678, 12_345_678_901)),
                    ],
                    default,
                    new(1, 2, 3, 4, 5)),
            ],
            34,
            65536,
            ImmutableSortedDictionary.CreateRange<string, ulong>([new("drop-truncated", 0), new("received", 123), new("arp-answered", 7)]),
            2,
            ["eth0", "eth1"]);
        Assert.Equal(
            """
            lb1: director 0.1.0, up 3 h 2 min
            2 workers on eth0 eth1
            34 connections of 65536; timeouts tcp 900 s, tcp-fin 120 s, udp 300 s

            SERVICE                       METHOD  WEIGHT    ACTIVE  INACTIVE   CONN/S  IN PKT/S OUT PKT/S    IN B/S   OUT B/S
            www (TCP 10.0.0.1:80)         wrr                   10        24        1         2         3         4         5
              -> 10.1.0.1:80              direct       5        10        20        1     99999    100.0k     12.3M     12.3G
              -> 10.1.0.2:80 (overloaded) nat          0         0         4        0         0         0         0         0

            arp-answered              7
            received                123
            drop-truncated            0

            """,
            StatusText.Format(new("lb1", "director 0.1.0", Started, Timeouts.Default, engine), Started + new TimeSpan(3, 2, 1)));
    }

    [Fact]
    public void A_director_without_services_says_so()
    {
        EngineReport engine = new([], 0, 1024, ImmutableSortedDictionary<string, ulong>.Empty, 1, ["eth0"]);
        string text = StatusText.Format(new("lb1", "director 0.1.0", Started, Timeouts.Default, engine), Started);
        Assert.Equal(["lb1: director 0.1.0, up 0 s", "1 worker on eth0"], text.Split('\n')[..2]);
        Assert.Contains("\nno virtual services\n", text, StringComparison.Ordinal);
    }
}
