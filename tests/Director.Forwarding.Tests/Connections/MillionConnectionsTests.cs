using System.Buffers.Binary;
using Director.Forwarding.Engine;
using Director.Forwarding.Links;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Connections;

/// <summary>A million connections at once in one worker.</summary>
[Collection(nameof(Alone))]
public sealed class MillionConnectionsTests
{
    private const int Clients = 16;
    private const int PortsEach = 62_500;
    private const int Million = Clients * PortsEach;

    [Fact]
    public void They_take_at_most_80_MB_none_is_lost_and_all_expire_in_time()
    {
        using var scene = new Scene(connections: 1 << 20, keepsSent: false);
        scene.With(scene.Server());
        using var batch = new FrameBatch();
        // Buffers, and what compiling takes, are there before.
        SendAll(scene, batch, clients: 1, now: 1000);
        scene.Path.Forwarder.Tick(400_000);
        while (scene.Path.Connections.Count > 0)
            scene.Path.Forwarder.Tick(400_000);
        var before = ResidentBytes();
        var createdBefore = scene.Count(PacketCounter.ConnectionsCreated);

        SendAll(scene, batch, Clients, now: 400_000);
        Assert.Equal(Million, scene.Path.Connections.Count);
        var used = ResidentBytes() - before;
        Assert.InRange(used, 0, 80_000_000);

        // Each is found again, and its time begins anew.
        SendAll(scene, batch, Clients, now: 500_000);
        Assert.Equal((createdBefore + Million, Million), (scene.Count(PacketCounter.ConnectionsCreated), scene.Path.Connections.Count));
        Assert.Equal(Million, scene.Path.Services.Report()[1].RealServers[0].InactiveConnections);

        scene.Path.Forwarder.Tick(799_990);
        Assert.Equal(Million, scene.Path.Connections.Count);
        // At ten milliseconds a tick, three seconds are enough for all.
        for (var now = 800_000L; now < 803_000; now += 10)
            scene.Path.Forwarder.Tick(now);
        Assert.Equal(0, scene.Path.Connections.Count);
        Assert.Equal(0, scene.Path.Services.Report()[1].RealServers[0].InactiveConnections);
    }

    private static unsafe void SendAll(Scene scene, FrameBatch batch, int clients, long now)
    {
        for (var client = 0; client < clients; client++)
        {
            // Without a checksum the port alone differs.
            var bytes = PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP($"10.9.1.{client}", scene.Vip).Udp(1, 80, Checksum.None).Build();
            for (var port = 1024; port < 1024 + PortsEach;)
            {
                batch.Clear();
                for (; port < 1024 + PortsEach && batch.HasRoom; port++)
                {
                    BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(34), (ushort)port);
                    batch.Append(bytes, Scene.Outside);
                }

                scene.Path.Forwarder.Process(batch, now);
            }
        }
    }

    /// <summary>Memory that the process really has: native pages count only once they were touched.</summary>
    private static long ResidentBytes()
    {
        GC.Collect();
        return long.Parse(File.ReadAllText("/proc/self/statm").Split(' ')[1]) * Environment.SystemPageSize;
    }
}
