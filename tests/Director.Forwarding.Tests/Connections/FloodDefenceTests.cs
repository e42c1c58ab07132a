using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Connections;

/// <summary>A flood of SYNs against a table that is partly full.</summary>
public sealed class FloodDefenceTests
{
    private const int Capacity = 2048;

    [Theory]
    [InlineData(0)]
    [InlineData(300)]
    [InlineData(1400)]
    public void Half_open_connections_never_take_more_than_a_quarter_and_established_ones_survive(int established)
    {
        using var scene = new Scene(connections: Capacity);
        scene.With(scene.Server());
        for (var i = 0; i < established; i++)
            scene.Open(20_000 + i);

        for (var i = 0; i < 3 * Capacity; i++)
        {
            var attacker = PacketBuilder.Ethernet(Scene.OutsideMac, Scene.ClientMac).IP($"10.9.{1 + (i >> 8)}.{i & 255}", scene.Vip);
            Assert.Single(scene.Send(attacker.Tcp(1000, 80, TcpFlags.Syn)));
            Assert.InRange(scene.Path.Connections.HalfOpen, 0, Capacity / 4);
        }

        Assert.Equal((established, scene.Path.Connections.HalfOpen), Counts(scene));
        for (var i = 0; i < established; i++)
            Assert.Single(scene.Send(scene.FromClient().Tcp(20_000 + i, 80, TcpFlags.Ack).Payload(1)));
        scene.Path.Wait(10);
        Assert.Equal((ulong)((3 * Capacity) - scene.Path.Connections.HalfOpen), scene.Count(PacketCounter.DropEntry));
    }

    [Fact]
    public void Switched_off_it_lets_the_table_fill_and_then_refuses()
    {
        using var scene = new Scene(connections: 64);
        scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Tcp, scene.Server())], Options = new ForwardingOptions { DropEntry = DefenceMode.Off } });
        for (var i = 0; i < 64; i++)
            Assert.Single(scene.Send(scene.FromClient().Tcp(20_000 + i, 80, TcpFlags.Syn)));
        scene.ExpectDrop(scene.FromClient().Tcp(30_000, 80, TcpFlags.Syn), PacketCounter.DropTableFull);
        Assert.Equal((0, 64), Counts(scene));
    }

    /// <summary>With secure_tcp the real server's SYN-ACK leaves the connection half-open and so does the client's ACK in SYN_RECV, until the answer's second packet.</summary>
    [Theory]
    [InlineData(DefenceMode.Off, "ESTABLISHED")]
    [InlineData(DefenceMode.Always, "SYNACK")]
    public void With_secure_tcp_the_handshake_alone_does_not_establish(DefenceMode mode, string state)
    {
        using var scene = new Scene();
        scene.Apply(new ForwardingTable { Services = [scene.Service(Protocol.Tcp, scene.Server())], Options = new ForwardingOptions { SecureTcp = mode } });
        scene.Open();
        Assert.Equal(state, Assert.Single(scene.Path.ListConnections()).State);
        scene.Send(scene.FromReal().Tcp(8080, Scene.ClientPort, TcpFlags.Ack));
        Assert.Equal("ESTABLISHED", Assert.Single(scene.Path.ListConnections()).State);
    }

    private static (int Active, int Inactive) Counts(Scene scene)
    {
        var server = scene.Path.Services.Current.Services[0].Destinations[0];
        return (server.ActiveConnections, server.InactiveConnections);
    }
}
