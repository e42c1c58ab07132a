using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using Director.Cluster.Availability;
using Director.Configuration;
using Director.Forwarding;

namespace Director.Cluster.Tests.Availability;

/// <summary>
/// The test assembly as a program: a director that has nothing but its availability. <c>availability NAME SEEDS PING-NODE</c> (a dash: none); writes a line for each event, with the host's
/// monotonic milliseconds before it; ends cleanly when its input ends.
/// </summary>
internal static class LiveDirectorProgram
{
    public static async Task<int> Run(string[] arguments)
    {
        if (arguments is not ["availability", var name, var seeds, var pingNode])
            return 2;
        var engine = new FakeEngine();
        engine.Held += holdings => Write($"holds {string.Join(' ', holdings.Groups.Select(group => $"{group.Name}:{(group.Answers ? "answers" : group.Forwards ? "forwards" : "nothing")}:{group.AnnouncementRound}"))}");
        engine.Apply(new ForwardingTable { Services = [new VirtualServiceSpec(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.9.0.100"), 80))] });
        var configuration = new DirectorConfiguration
        {
            Name = name,
            Cluster = new ClusterConfiguration { Name = "live", Key = [.. "a key for live tests"u8], Seeds = [.. seeds.Split(',').Where(seed => seed != "-")] },
            Availability = new AvailabilityConfiguration
            {
                Heartbeat = new HeartbeatConfiguration { Initdead = TimeSpan.FromSeconds(2) },
                PingNodes = pingNode == "-" ? [] : [IPAddress.Parse(pingNode)],
                PingInterval = TimeSpan.FromMilliseconds(100),
                PingTimeout = TimeSpan.FromMilliseconds(500),
                Groups = [new GroupConfiguration { Name = "vips", Addresses = [IPAddress.Parse("10.9.0.100")], OnTake = "echo script $DIRECTOR_EVENT $DIRECTOR_GROUP $DIRECTOR_ADDRESSES" }],
            },
        };
        await using (var service = AvailabilityService.Start(configuration, engine, () => true, Write))
        {
            service.SetPayload(7, Encoding.UTF8.GetBytes($"payload of {name}"));
            service.SetAkka($"akka://{name}", null);
            service.Changed += heard => Write($"hears {string.Join(' ', heard.Others.Select(other => other.Name))}");
            service.Changed += heard =>
            {
                foreach (var other in heard.Others.Where(other => other.Payloads.ContainsKey(7) && other.AkkaAddress.Length > 0))
                    Write($"{other.AkkaAddress} sent {Encoding.UTF8.GetString(other.Payloads[7].AsSpan())}");
            };
            await Console.In.ReadToEndAsync();
            var report = await service.Report();
            Write($"report longest pause {report.LongestPause.TotalMilliseconds}, first {report.RunsFirst}, refused {string.Join(' ', report.Refused.Where(fault => fault.Value > 0))}");
        }

        Write("ended");
        return 0;
    }

    private static void Write(string line)
    {
        lock (Console.Out)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{SystemCalls.Now} {line}"));
    }
}
