using System.Diagnostics;
using Director.Forwarding.Links;
using Director.Forwarding.Tests.Engine;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>What judges the director under attack can itself tell right from wrong.</summary>
public sealed class PacketWitnessTests
{
    private static readonly MemoryLink Link = new("outside", 0, Scene.OutsideMac);

    [Theory]
    [InlineData(-1, 0, Fault.None)]
    [InlineData(6, 9, Fault.NotOurMac)]
    [InlineData(12, 0x86, Fault.EtherType)]
    [InlineData(14, 0x44, Fault.HeaderLength)]
    [InlineData(17, 91, Fault.TotalLength)]
    [InlineData(15, 1, Fault.HeaderChecksum)]
    [InlineData(22, 0, Fault.HopLimit)]
    [InlineData(46, 0x40, Fault.Transport)]
    [InlineData(60, 0, Fault.TransportChecksum)]
    public void A_wrong_byte_is_told(int at, byte value, Fault fault)
    {
        var bytes = PacketBuilder.Ethernet(Scene.ClientMac, Scene.OutsideMac).IPv4("10.9.0.100", "10.9.0.7").Tcp(80, 40_000, TcpFlags.Ack).Payload(50).Build();
        if (at >= 0)
            bytes[at] = value;
        Assert.Equal(fault, PacketWitness.Judge(bytes, default, Link, isJudged: true, isOurs: true));
    }

    [Fact]
    public void A_frame_longer_than_the_MTU_is_told()
    {
        var bytes = PacketBuilder.Ethernet(Scene.ClientMac, Scene.OutsideMac).IPv6("2001:db8::1", "2001:db8::2").Udp(53, 40_000).Payload(1500).Build();
        Assert.Equal(Fault.LongerThanMtu, PacketWitness.Judge(bytes, default, Link, isJudged: true, isOurs: true));
    }

    [Fact]
    public unsafe void A_write_beside_a_frame_is_told()
    {
        using var memory = new GuardedMemory(2);
        foreach (var atStart in (bool[])[false, true])
        {
            var frame = memory.Put(1, new byte[60], atStart);
            Assert.True(memory.IsIntact(1, 60, atStart));
            frame[-Frame.Headroom] = 1;
            frame[59] = 1;
            Assert.True(memory.IsIntact(1, 60, atStart));
            frame[atStart ? 60 : -Frame.Headroom - 1] = 1;
            Assert.False(memory.IsIntact(1, 60, atStart));
        }
    }

    /// <summary>A read of one byte too many ends the process that does it.</summary>
    [Theory]
    [InlineData("behind")]
    [InlineData("before")]
    [InlineData("within")]
    public async Task A_read_beside_a_frame_is_told(string where)
    {
        using var child = Process.Start(HostileProgram.Itself("touch", where))!;
        var complained = child.StandardError.ReadToEndAsync();
        await child.WaitForExitAsync();
        Assert.True((child.ExitCode == 0) == (where == "within"), $"exit code {child.ExitCode}: {await complained}");
    }
}
