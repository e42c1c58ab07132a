using System.Net;
using Director.Cluster.VirtualServices;
using Director.Configuration;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.VirtualServices;

public sealed class ConfiguredTableTests
{
    private static readonly IPAddress Vip = IPAddress.Parse("10.0.0.1");

    [Fact]
    public void Every_part_of_a_service_is_carried_over()
    {
        var service = Assert.Single(From(new VirtualServiceConfiguration("dns")
        {
            Protocol = ServiceProtocol.Udp,
            Address = Vip,
            Port = 53,
            Scheduler = "mh",
            SchedulerFlags = SchedulerFlag.First | SchedulerFlag.Third,
            Persistence = new(TimeSpan.FromMinutes(5), 24),
            OnePacket = true,
            Allow = [IPNetwork.Parse("10.0.0.0/8")],
            Deny = [IPNetwork.Parse("10.9.0.0/16")],
            RealServers = [new(IPAddress.Parse("10.0.1.1"), 5353) { Forwarding = PacketForwarding.Nat, Weight = 7, UpperThreshold = 9, LowerThreshold = 3 }],
        }).Services);
        Assert.Equal(ServiceKey.ForAddress(Protocol.Udp, Vip, 53), service.Key);
        Assert.Equal("dns", service.Name);
        Assert.Equal("mh", service.Scheduler);
        Assert.Equal(SchedulerFlags.Fallback | SchedulerFlags.Third, service.SchedulerFlags);
        Assert.Equal(new Persistence(300, 24), service.Persistence);
        Assert.True(service.OnePacket);
        Assert.Equal([IPNetwork.Parse("10.0.0.0/8")], service.Access.Allow.ToArray());
        Assert.Equal([IPNetwork.Parse("10.9.0.0/16")], service.Access.Deny.ToArray());
        Assert.Equal(
            new RealServerSpec(IPAddress.Parse("10.0.1.1"), 5353) { Method = ForwardingMethod.Nat, Weight = 7, UpperThreshold = 9, LowerThreshold = 3 },
            Assert.Single(service.RealServers));
    }

    [Theory]
    [InlineData(PacketForwarding.Nat, ForwardingMethod.Nat)]
    [InlineData(PacketForwarding.Direct, ForwardingMethod.Direct)]
    [InlineData(PacketForwarding.Tunnel, ForwardingMethod.Tunnel)]
    [InlineData(PacketForwarding.Local, ForwardingMethod.Local)]
    public void Forwarding_methods_keep_their_meaning(PacketForwarding configured, ForwardingMethod expected) =>
        Assert.Equal(expected, From(Web([new(IPAddress.Parse("10.0.1.1"), 80) { Forwarding = configured }])).Services[0].RealServers[0].Method);

    [Theory]
    [InlineData(Encapsulation.IpIp, EncapsulationChecksum.None, TunnelType.IpIp, TunnelChecksum.None)]
    [InlineData(Encapsulation.Gue, EncapsulationChecksum.Remote, TunnelType.Gue, TunnelChecksum.Remote)]
    [InlineData(Encapsulation.Gre, EncapsulationChecksum.Full, TunnelType.Gre, TunnelChecksum.Full)]
    public void Encapsulations_keep_their_meaning(Encapsulation configured, EncapsulationChecksum checksum, TunnelType expected, TunnelChecksum expectedChecksum)
    {
        var server = new RealServerConfiguration(IPAddress.Parse("10.0.1.1"), 80)
        {
            Forwarding = PacketForwarding.Tunnel,
            Tunnel = new TunnelConfiguration { Type = configured, Port = 6080, Checksum = checksum },
        };
        Assert.Equal(new TunnelOptions(expected, 6080, expectedChecksum), From(Web([server])).Services[0].RealServers[0].Tunnel);
    }

    [Fact]
    public void A_mark_service_has_its_mark_and_family()
    {
        var table = From(new VirtualServiceConfiguration("all") { Mark = 3, IsIPv6 = true });
        Assert.Equal(ServiceKey.ForMark(3, isIPv6: true), table.Services[0].Key);
    }

    [Fact]
    public void Marks_masquerade_timeouts_and_options_are_carried_over()
    {
        var table = ConfiguredTable.From(new DirectorConfiguration
        {
            Marks = [new(1, ServiceProtocol.Tcp, IPNetwork.Parse("10.0.0.0/24"), [80, 443], IPNetwork.Parse("192.168.0.0/16")), new(2, null, IPNetwork.Parse("::/0"), [], null)],
            Masquerade = [new(IPNetwork.Parse("10.0.1.0/24"), Vip)],
            Timeouts = new() { Tcp = TimeSpan.FromSeconds(1), TcpFin = TimeSpan.FromSeconds(2), Udp = TimeSpan.FromSeconds(3) },
            Defence = new() { DropEntry = DefenceChoice.Always, SecureTcp = DefenceChoice.Off },
            ExpireNoDestination = true,
            ExpireQuiescentTemplate = false,
            SloppyTcp = true,
            PathMtuDiscovery = false,
        });
        Assert.Equal(Protocol.Tcp, table.Marks[0].Protocol);
        Assert.Equal([80, 443], table.Marks[0].Ports.ToArray());
        Assert.Equal(IPNetwork.Parse("192.168.0.0/16"), table.Marks[0].Source);
        Assert.Null(table.Marks[1].Protocol);
        Assert.Equal(new MasqueradeRule(IPNetwork.Parse("10.0.1.0/24"), Vip), Assert.Single(table.Masquerade));
        Assert.Equal(new Timeouts(1, 2, 3), table.Timeouts);
        Assert.Equal(
            new ForwardingOptions
            {
                DropEntry = DefenceMode.Always, SecureTcp = DefenceMode.Off, ExpireNoDestination = true, ExpireQuiescentTemplate = false, SloppyTcp = true, PathMtuDiscovery = false,
            },
            table.Options);
    }

    [Fact]
    public void The_defaults_of_both_sides_agree()
    {
        var table = ConfiguredTable.From(new DirectorConfiguration());
        Assert.Equal(ForwardingTable.Empty.Timeouts, table.Timeouts);
        Assert.Equal(ForwardingTable.Empty.Options, table.Options);
        Assert.Equal(new EngineOptions(), ConfiguredTable.EngineOptions(new DirectorConfiguration()));
    }

    [Fact]
    public void The_engines_set_up_is_carried_over()
    {
        var options = ConfiguredTable.EngineOptions(new DirectorConfiguration
        {
            Interfaces = ["eth1"],
            Engine = new() { Workers = 3, Connections = 4096, Immediate = false, BufferBytes = 1 << 20, QueueingDisciplineBypass = false, Spin = TimeSpan.FromMicroseconds(50) },
        });
        Assert.Equal(["eth1"], options.Interfaces.ToArray());
        Assert.Equal(
            new EngineOptions { Workers = 3, Connections = 4096, Immediate = false, ReceiveBufferBytes = 1 << 20, BypassQueueingDiscipline = false, SpinMicroseconds = 50 },
            options with { Interfaces = [] });
    }

    private static ForwardingTable From(VirtualServiceConfiguration service) => ConfiguredTable.From(new DirectorConfiguration { VirtualServices = [service] });

    private static VirtualServiceConfiguration Web(RealServerConfiguration[] servers) =>
        new("www") { Protocol = ServiceProtocol.Tcp, Address = Vip, Port = 80, RealServers = [.. servers] };
}
