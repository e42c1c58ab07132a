using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Connections;

/// <summary>Whatever packets come in whatever order, counters of connections agree with the table, and end at zero.</summary>
public sealed class CounterDriftTests
{
    private static readonly TcpFlags[] Flags =
    [
        TcpFlags.Syn, TcpFlags.Syn | TcpFlags.Ack, TcpFlags.Ack, TcpFlags.Ack, TcpFlags.Fin | TcpFlags.Ack, TcpFlags.Rst, TcpFlags.Rst | TcpFlags.Ack, TcpFlags.None, TcpFlags.Fin,
    ];

    [Theory]
    [InlineData(1, false, false)]
    [InlineData(2, true, false)]
    [InlineData(3, false, true)]
    [InlineData(4, true, true)]
    public void Active_and_inactive_connections_never_drift(int seed, bool isIPv6, bool isPersistent)
    {
        var random = new Random(seed);
        using var scene = new Scene(isIPv6, connections: 48);
        foreach (var _ in Enumerable.Range(0, 30))
        {
            // The table changes under the connections: real servers come, go, change weight and method.
            scene.Apply(RandomTable(scene, random, isPersistent));
            for (var step = 0; step < 150; step++)
            {
                var port = 20_000 + random.Next(40);
                var flags = Flags[random.Next(Flags.Length)];
                var real = random.Next(2) == 0 ? scene.Real : scene.OtherReal;
                scene.Send(random.Next(5) switch
                {
                    0 => scene.FromClient().Udp(port, 80),
                    1 => scene.FromReal(real: real).Udp(8080, port),
                    2 => scene.FromReal(real: real).Tcp(8080, port, flags),
                    _ => scene.FromClient().Tcp(port, 80, random.Next(2) == 0 ? TcpFlags.Syn : flags),
                });
                if (random.Next(20) == 0)
                    scene.Path.Wait(random.Next(30_000));
                AssertCountsAgree(scene);
            }
        }

        scene.Path.Wait(2_000_000);
        scene.Path.Wait(2_000_000);
        Assert.Equal((0, 0), (scene.Path.Connections.Count, scene.Path.Connections.HalfOpen));
        Assert.All(Destinations(scene), destination => Assert.Equal((0, 0, 0), (destination.ActiveConnections, destination.InactiveConnections, destination.PersistentConnections)));
        Assert.Empty(scene.Path.ListConnections());
        Assert.True(scene.Count(PacketCounter.ConnectionsCreated) > 200);
    }

    private static ForwardingTable RandomTable(Scene scene, Random random, bool isPersistent)
    {
        var servers = new List<RealServerSpec>();
        foreach (var address in (string[])[scene.Real, scene.OtherReal])
        {
            if (random.Next(4) > 0)
                servers.Add(scene.Server(random.Next(3) == 0 ? ForwardingMethod.Direct : ForwardingMethod.Nat, address: address, weight: random.Next(3)) with { UpperThreshold = random.Next(3) * 5 });
        }

        var persistence = isPersistent ? new Persistence(60, 24) : (Persistence?)null;
        return new ForwardingTable
        {
            Services = [scene.Service(Protocol.Tcp, [.. servers]) with { Persistence = persistence }, scene.Service(Protocol.Udp, [.. servers]) with { Persistence = persistence, OnePacket = random.Next(3) == 0 }],
            Options = new ForwardingOptions { ExpireNoDestination = random.Next(2) == 0, SloppyTcp = random.Next(2) == 0, SecureTcp = random.Next(2) == 0 ? DefenceMode.Always : DefenceMode.Off },
        };
    }

    private static IEnumerable<Forwarding.Scheduling.Destination> Destinations(Scene scene) =>
        Enumerable.Range(0, scene.Path.Services.Destinations.Used).Select(scene.Path.Services.Destinations.Find).OfType<Forwarding.Scheduling.Destination>();

    private static unsafe void AssertCountsAgree(Scene scene)
    {
        var table = scene.Path.Connections.Table(scene.IsIPv6);
        var counts = new Dictionary<int, (int Active, int Inactive)>();
        for (uint number = 1; number < table.NumberLimit; number++)
        {
            var connection = table[number];
            if (!table.IsUsed(number) || connection->Destination < 0)
                continue;
            var (active, inactive) = counts.GetValueOrDefault(connection->Destination);
            counts[connection->Destination] = connection->State == Forwarding.Connections.TcpState.Established ? (active + 1, inactive) : (active, inactive + 1);
        }

        foreach (var destination in Destinations(scene))
            Assert.Equal(counts.GetValueOrDefault(destination.Index), (destination.ActiveConnections, destination.InactiveConnections));
    }
}
