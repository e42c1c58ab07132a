using Director.Forwarding.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Engine;

/// <summary>Packets whose next hop is not known yet wait for the kernel to find it.</summary>
public sealed class NeighbourTests
{
    [Fact]
    public void A_packet_waits_and_goes_when_the_address_is_found()
    {
        using var scene = Unresolved();
        scene.Expect(scene.FromClient().Udp(1, 80).Payload(50));
        scene.Expect(scene.FromClient().Tcp(2, 80, TcpFlags.Syn, checksum: Checksum.Partial));
        Assert.Same(scene.RealNeighbour, Assert.Single(scene.Path.Routes.Resolved));
        Assert.True(scene.Path.Forwarder.IsWaiting);
        scene.RealNeighbour.Mac = Scene.RealMac;
        Scene.AssertSent([scene.ToReal().Udp(1, 8080).Payload(50), scene.ToReal().Tcp(2, 8080, TcpFlags.Syn, checksum: Checksum.Partial)], scene.Path.Wait(1));
        Assert.False(scene.Path.Forwarder.IsWaiting);
    }

    [Fact]
    public void The_kernel_is_asked_again_and_after_three_seconds_the_packet_is_given_up()
    {
        using var scene = Unresolved();
        scene.Send(scene.FromClient().Udp(1, 80));
        scene.Path.Wait(2_900);
        Assert.Equal((6, 0UL), (scene.Path.Routes.Resolved.Count, scene.Count(PacketCounter.DropNeighbourUnresolved)));
        scene.Path.Wait(200);
        Assert.Equal(1UL, scene.Count(PacketCounter.DropNeighbourUnresolved));
        scene.RealNeighbour.Mac = Scene.RealMac;
        Assert.Empty(scene.Path.Wait(100));
    }

    [Fact]
    public void No_more_than_sixteen_wait_for_one_neighbour()
    {
        using var scene = Unresolved();
        for (var port = 1; port <= 20; port++)
            scene.Expect(scene.FromClient().Udp(port, 80));
        Assert.Equal(4UL, scene.Count(PacketCounter.DropNeighbourUnresolved));
        scene.RealNeighbour.Mac = Scene.RealMac;
        Scene.AssertSent([.. Enumerable.Range(1, 16).Select(port => scene.ToReal().Udp(port, 8080))], scene.Path.Wait(1));
    }

    private static Scene Unresolved()
    {
        var scene = new Scene();
        scene.RealNeighbour.Mac = 0;
        return scene.With(scene.Server());
    }
}
