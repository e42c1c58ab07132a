using System.Collections.Immutable;
using System.Net;
using Director.Cluster.Telemetry;
using Director.Forwarding;

namespace Director.Tests.Http;

/// <summary>A cluster for tests: lb1, which is asked, and lb2 with another program and a group; lb3 is silent.</summary>
internal static class Figures
{
    public static DateTimeOffset Started { get; } = new(2026, 11, 23, 0, 0, 0, TimeSpan.Zero);

    public static ClusterFigures Cluster { get; } = new(
        "lb1",
        [
            new("akka.tls://director@lb1:2551", "up", true, true, ["director"]),
            new("akka.tls://director@lb2:2551", "up", true, false, ["director"]),
            new("akka.tls://director@lb3:2551", "up", false, false, ["director"]),
            new("akka.tls://director@lb4:2551", "joining", true, false, ["director"]),
        ],
        [
            Director("lb1", 0) with
            {
                Groups = [new("default", [IPAddress.Parse("10.0.0.1")], "holds") { Partition = new(256, "0-255") { Epoch = 3, Master = "lb2", Weight = 100 }, Takes = 2 }],
                Heartbeat = new(true, 2, 1, ["lb2"]) { LongestPauseSeconds = 0.25, Counters = ImmutableSortedDictionary.CreateRange<string, ulong>([new("drop-forged", 4), new("drop-unknown", 0)]) },
                Synchronisation = new(false, [new("lb2", "snapshot", 1000, 5, 0), new("lb3", "caught-up", 7, 0, 1)]) { Counters = ImmutableSortedDictionary.CreateRange<string, ulong>([new("drop-replayed", 5), new("snapshots-given", 1)]) },
                Feedback = new([new("www", IPAddress.Parse("10.1.0.11"), 80, 40, "stale", 12.5, "rs1")]) { Counters = ImmutableSortedDictionary.CreateRange<string, ulong>([new("agent-reports", 8), new("drop-flood", 3)]) },
                Differences = ["virtual service FWM 1 removed"],
            },
            Director("lb2", 0.5) with { Groups = [new("default", [IPAddress.Parse("10.0.0.1")], "waits")], Synchronisation = new(true, []) },
            Director("lb3", 12.4),
        ]);

    public static DirectorFigures Director(string name, double age)
    {
        VirtualServiceSpec www = new(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80)) { Name = "w\"w\\w" };
        RealServerReport server = new(new(IPAddress.Parse("fd00::1"), 80) { Weight = 5 }, 10, 20, 0, true, new(1, 2, 3, 4, 18_000_000_000_000_000_000), new(7, 0, 0, 0, 0));
        EngineReport engine = new(
            [new(www, [server], new(1, 2, 3, 4, 5), new(7, 0, 0, 0, 0))], 34, 65536, ImmutableSortedDictionary.CreateRange<string, ulong>([new("drop-no-service", 9)]), 1, ["eth0"]);
        return new(name, "director 0.1.0", Started, Timeouts.Default, engine) { Address = $"akka.tls://director@{name}:2551", AgeSeconds = age };
    }
}
