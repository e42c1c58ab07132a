using System.Net;
using Director.Cluster.VirtualServices;
using Director.Control;
using Director.Forwarding;
using Director.Ipvsadm;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace Director.Tests.Ipvsadm;

public sealed class SaveRestoreTests
{
    [Property(MaxTest = 300)]
    public Property What_is_saved_is_restored() => Prop.ForAll(Tables(), services =>
    {
        TableDirector first = new();
        foreach (VirtualServiceSpec service in services)
        {
            first.Ask(new ControlRequest.Edit(new AddService(service)));
            foreach (RealServerSpec server in service.RealServers)
                first.Ask(new ControlRequest.Edit(new AddServer(service.Key, server)));
        }

        string saved = Terminal.Type("-S -n", first.Ask).Output;
        TableDirector second = new();
        Assert.Equal(new Printed(0, "", ""), Terminal.Type("-R", second.Ask, saved));
        Assert.Equal(saved, Terminal.Type("-S -n", second.Ask).Output);
        Assert.Equal(ByKey(first), ByKey(second));
    });

    [Fact]
    public void A_save_has_the_shapes_of_ipvsadm_and_the_thresholds_that_it_forgets()
    {
        TableDirector director = new();
        foreach (string rule in new[]
        {
            "-A -t 10.0.0.1:80 -s sh -p 60 -M 255.255.255.0 -b sh-port",
            "-a -t 10.0.0.1:80 -r 10.1.0.1 -m -w 3 -x 100 -y 50",
            "-A -t [fd00::1]:80 -p -M 64",
            "-a -t [fd00::1]:80 -r fd00::2 -x 7",
            "-A -u 10.0.0.1:53 -s rr -o",
            "-a -u 10.0.0.1:53 -r 10.1.0.1 -i --tun-type gue --tun-port 6080 --tun-csum",
            "-a -u 10.0.0.1:53 -r 10.1.0.2 -i --tun-type gre",
            "-a -u 10.0.0.1:53 -r 10.1.0.3 -i",
            "-A -f 7 -6 -p",
            "-a -f 7 -6 -r fd00::2 -m",
        })
            Assert.Equal(new Printed(0, "", ""), Terminal.Type(rule, director.Ask));
        Assert.Equal(
            """
            -A -t 10.0.0.1:80 -s sh -p 60 -M 255.255.255.0 -b sh-port
            -a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 3 -x 100 -y 50
            -A -u 10.0.0.1:53 -s rr -o
            -a -u 10.0.0.1:53 -r 10.1.0.1:53 -i -w 1 --tun-type gue --tun-port 6080 --tun-csum
            -a -u 10.0.0.1:53 -r 10.1.0.2:53 -i -w 1 --tun-type gre --tun-nocsum
            -a -u 10.0.0.1:53 -r 10.1.0.3:53 -i -w 1 --tun-type ipip
            -A -t [fd00::1]:80 -s wlc -p 300 -M 64
            -a -t [fd00::1]:80 -r [fd00::2]:80 -g -w 1 -x 7
            -A -f 7 -6 -s wlc -p 300
            -a -f 7 -6 -r [fd00::2]:0 -m -w 1

            """,
            Terminal.Type("-S -n", director.Ask).Output);
    }

    [Fact]
    public void Restore_goes_on_after_a_refusal_and_stops_at_a_rule_that_it_cannot_read()
    {
        TableDirector director = new();
        string rules =
            """
            # A comment.
            ipvsadm -A -t 10.0.0.1:80 -s rr

            -A -t 10.0.0.1:80
              -a -t '10.0.0.1:80' -r "10.1.0.1" -w 5   # to the end
            -A -t 10.0.0.2
            -A -t 10.0.0.3:80
            """;
        Assert.Equal(new Printed(2, "", "Service already exists\nZero port specified for non-persistent service\n"), Terminal.Type("-R", director.Ask, rules));
        VirtualServiceReport service = Assert.Single(director.Services);
        Assert.Equal(5, Assert.Single(service.RealServers).Spec.Weight);
    }

    [Fact]
    public void The_exit_status_of_a_restore_is_that_of_its_last_rule()
    {
        const string rule = "-A -t 10.0.0.1:80\n";
        Assert.Equal(255, Terminal.Type("-R", new TableDirector().Ask, rule + rule).ExitCode);
        Assert.Equal(0, Terminal.Type("-R", new TableDirector().Ask, rule + rule + "-A -t 10.0.0.2:80\n").ExitCode);
    }

    [Fact]
    public void A_restore_in_a_restore_is_refused() =>
        Assert.Equal(new Printed(255, "", "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n"), Terminal.Type("-R", new TableDirector().Ask, "-R\n"));

    private static string[] ByKey(TableDirector director) =>
    [
        .. director.Services.SelectMany(static service => service.RealServers
            .Select(server => $"{service.Spec.Key} {server.Spec}").Append($"{service.Spec with { RealServers = [] }}")).Order(StringComparer.Ordinal),
    ];

    private static Arbitrary<VirtualServiceSpec[]> Tables()
    {
        Gen<IPAddress> v4 = Gen.Choose(1, 250).Select(static last => new IPAddress([10, 0, (byte)(last % 3), (byte)last]));
        Gen<IPAddress> v6 = Gen.Choose(1, 250).Select(static last => IPAddress.Parse($"fd00::{last % 3}:{last:x}"));
        Gen<ushort> port = Gen.Choose(1, 65535).Select(static number => (ushort)number);
        Gen<ServiceKey> key = Gen.OneOf(
            from protocol in Gen.Elements(Protocol.Tcp, Protocol.Udp) from address in Gen.OneOf(v4, v6) from number in port select ServiceKey.ForAddress(protocol, address, number),
            from mark in Gen.Choose(1, int.MaxValue) from isIPv6 in Gen.Elements(true, false) select ServiceKey.ForMark((uint)mark, isIPv6));
        Gen<TunnelOptions> tunnel = Gen.OneOf(
            Gen.Constant(new TunnelOptions(TunnelType.IpIp)),
            from number in port from checksum in Gen.Elements(Enum.GetValues<TunnelChecksum>()) select new TunnelOptions(TunnelType.Gue, number, checksum),
            from checksum in Gen.Elements(TunnelChecksum.None, TunnelChecksum.Full) select new TunnelOptions(TunnelType.Gre, 0, checksum));
        Gen<RealServerSpec> server(ServiceKey service) =>
            from method in Gen.Elements(ForwardingMethod.Nat, ForwardingMethod.Direct, ForwardingMethod.Tunnel)
            from address in method == ForwardingMethod.Tunnel ? Gen.OneOf(v4, v6) : service.IsIPv6 ? v6 : v4
            from number in port
            from encapsulation in tunnel
            from weight in Gen.Choose(0, 65535)
            from upper in Gen.Choose(0, 1000)
            from lower in Gen.Choose(0, upper)
            select new RealServerSpec(address, method == ForwardingMethod.Nat || service.Address is null ? number : service.Port)
            {
                Method = method, Tunnel = method == ForwardingMethod.Tunnel ? encapsulation : default, Weight = weight, UpperThreshold = upper, LowerThreshold = lower,
            };
        Gen<VirtualServiceSpec> table =
            from service in key
            from scheduler in Gen.Elements(SchedulerNames.All.ToArray())
            from flags in Gen.Choose(0, 7)
            from isPersistent in Gen.Elements(true, false)
            from seconds in Gen.Choose(1, 2678400)
            from prefix in Gen.Choose(1, service.IsIPv6 ? 128 : 32)
            from onePacket in Gen.Elements(true, false)
            from servers in server(service).ListOf()
            select new VirtualServiceSpec(service)
            {
                Scheduler = scheduler,
                SchedulerFlags = (SchedulerFlags)flags,
                Persistence = isPersistent ? new Persistence(seconds, prefix) : null,
                OnePacket = onePacket && (service.Address is null || service.Protocol == Protocol.Udp),
                RealServers = [.. servers],
            };
        return table.ArrayOf().ToArbitrary();
    }
}
