using System.Net;
using Director.Forwarding;
using Director.Ipvsadm;
using Xunit;

namespace Director.Tests.Ipvsadm;

public sealed class TableListingTests
{
    [Fact]
    public void Services_are_sorted_by_mark_family_protocol_address_and_port()
    {
        string list = List("-L -n", "-A -f 7 -6", "-A -f 7", "-A -f 3", "-A -t [fd00::1]:80", "-A -u 10.0.0.2:53", "-A -t 10.0.0.3:80", "-A -t 10.0.0.2:443", "-A -t 10.0.0.2:80");
        Assert.Equal(
            """
            IP Virtual Server version 1.2.1 (size=4096)
            Prot LocalAddress:Port Scheduler Flags
              -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
            TCP  10.0.0.2:80 wlc
            TCP  10.0.0.2:443 wlc
            TCP  10.0.0.3:80 wlc
            UDP  10.0.0.2:53 wlc
            TCP  [fd00::1]:80 wlc
            FWM  3 wlc
            FWM  7 wlc
            FWM  7 IPv6 wlc

            """,
            list);
    }

    [Fact]
    public void Addresses_more_than_half_the_space_apart_are_in_ipvsadms_odd_order()
    {
        string list = List("-L -n", "-A -t 10.0.0.1:80", "-A -t 192.168.0.1:80", "-A -t 192.168.0.1:0 -p");
        Assert.Equal(["TCP  192.168.0.1:0 wlc persistent 300", "TCP  192.168.0.1:80 wlc", "TCP  10.0.0.1:80 wlc", ""], list.Split('\n')[3..]);
    }

    [Fact]
    public void Nosort_keeps_the_order_of_the_table_with_the_last_real_server_first()
    {
        string list = List("-L -n --nosort", "-A -t 10.0.0.2:80", "-A -t 10.0.0.1:80", "-a -t 10.0.0.2:80 -r 10.1.0.1", "-a -t 10.0.0.2:80 -r 10.1.0.2");
        Assert.Equal(
            [
                "TCP  10.0.0.2:80 wlc",
                "  -> 10.1.0.2:80                  Route   1      0          0         ",
                "  -> 10.1.0.1:80                  Route   1      0          0         ",
                "TCP  10.0.0.1:80 wlc",
                "",
            ],
            list.Split('\n')[3..]);
    }

    [Fact]
    public void Names_are_shown_where_there_are_any_and_numbers_with_n()
    {
        string[] rules = ["-A -t www:http -s rr", "-a -t www:http -r 192.0.2.80:53 -m", "-a -t www:http -r 192.0.2.81:8080 -m", "-A -f 1", "-a -f 1 -r 192.0.2.80:80 -m"];
        Assert.Equal(
            [
                "TCP  www:http rr",
                "  -> www:domain                   Masq    1      0          0         ",
                "  -> 192.0.2.81:8080              Masq    1      0          0         ",
                "FWM  1 wlc",
                // A mark has no protocol, so its ports have no names.
                "  -> www:80                       Masq    1      0          0         ",
                "",
            ],
            List("-L", rules).Split('\n')[3..]);
        Assert.Contains("TCP  192.0.2.80:80 rr\n  -> 192.0.2.80:53                Masq", List("-L -n", rules), StringComparison.Ordinal);
        Assert.Contains("-a -t www:http -r www:domain -m -w 1\n", List("-S", rules), StringComparison.Ordinal);
    }

    [Fact]
    public void Flags_persistence_and_one_packet_stand_after_the_scheduler()
    {
        string list = List(
            "-L -n",
            "-A -t 10.0.0.1:80 -s sh -b sh-fallback,sh-port -p 60 -M 255.255.255.0",
            "-A -t [fd00::1]:80 -s mh -b mh-port -p -M 64",
            "-A -t [fd00::2]:80 -p 10",
            "-A -u 10.0.0.1:53 -s rr -b flag-1,flag-2,flag-3 -o");
        Assert.Equal(
            [
                "TCP  10.0.0.1:80 sh (sh-fallback,sh-port) persistent 60 mask 255.255.255.0",
                "UDP  10.0.0.1:53 rr (flag-1,flag-2,flag-3) ops",
                "TCP  [fd00::1]:80 mh (mh-port) persistent 300 mask 64",
                "TCP  [fd00::2]:80 wlc persistent 10",
                "",
            ],
            list.Split('\n')[3..]);
    }

    [Fact]
    public void Tunnel_information_names_the_encapsulation()
    {
        string list = List(
            "-L -n --tun-info",
            "-A -t 10.0.0.1:80",
            "-a -t 10.0.0.1:80 -r 10.1.0.1 -m",
            "-a -t 10.0.0.1:80 -r 10.1.0.2 -i",
            "-a -t 10.0.0.1:80 -r 10.1.0.3 -i --tun-type gue --tun-port 6080",
            "-a -t 10.0.0.1:80 -r 10.1.0.4 -i --tun-type gue --tun-port 6080 --tun-remcsum",
            "-a -t 10.0.0.1:80 -r 10.1.0.5 -i --tun-type gre --tun-csum",
            "-a -t 10.0.0.1:80 -r fd00::6 -i");
        Assert.Equal(
            [
                "Prot LocalAddress:Port Scheduler Flags",
                "  -> RemoteAddress:Port           Forward TunnelInfo    Weight ActiveConn InActConn",
                "TCP  10.0.0.1:80 wlc",
                // In the odd order of the test above.
                "  -> [fd00::6]:80                 Tunnel  ipip          1      0          0         ",
                "  -> 10.1.0.1:80                  Masq    n/a           1      0          0         ",
                "  -> 10.1.0.2:80                  Tunnel  ipip          1      0          0         ",
                "  -> 10.1.0.3:80                  Tunnel  gue:6080:-c   1      0          0         ",
                "  -> 10.1.0.4:80                  Tunnel  gue:6080:r+c  1      0          0         ",
                "  -> 10.1.0.5:80                  Tunnel  gre:+c        1      0          0         ",
                "",
            ],
            list.Split('\n')[1..]);
    }

    [Theory]
    [InlineData(99_999_999UL, " 99999999", " 99999999")]
    [InlineData(100_000_000UL, "  100000K", " 100000000")]
    [InlineData(999_999_999UL, "  999999K", " 999999999")]
    [InlineData(1_000_000_000UL, "    1000M", " 1000000000")]
    [InlineData(99_999_999_999UL, "   99999M", " 99999999999")]
    [InlineData(100_000_000_000UL, "     100G", " 100000000000")]
    [InlineData(100_000_000_000_000UL, "     100T", " 100000000000000")]
    public void Large_numbers_are_shortened_unless_exact(ulong number, string shortened, string exact)
    {
        VirtualServiceReport service = new(Www, [], new(number, 0, 0, 0, number), new(0, number, 0, 0, 0));
        string row(ListFormat format) => TableListing.One(service, format | ListFormat.Numeric, new FewNames()).Split('\n')[2];
        Assert.Equal($"TCP  10.0.0.1:80                 {shortened}        0        0        0{shortened}", row(ListFormat.Stats));
        Assert.Equal($"TCP  10.0.0.1:80                 {exact}        0        0        0{exact}", row(ListFormat.Stats | ListFormat.Exact));
        Assert.Equal($"TCP  10.0.0.1:80                         0{shortened}        0        0        0", row(ListFormat.Rate));
    }

    [Fact]
    public void Rates_of_real_servers_shorten_only_the_bytes()
    {
        const ulong many = 123_456_789;
        RealServerReport server = new(new(IPAddress.Parse("10.1.0.1"), 80), 0, 0, 0, false, default, new(many, many, many, many, many));
        string list = TableListing.One(new(Www, [server], default, default), ListFormat.Rate | ListFormat.Numeric, new FewNames());
        Assert.Equal("  -> 10.1.0.1:80                  123456789 123456789 123456789  123456K  123456K", list.Split('\n')[3]);
    }

    [Fact]
    public void Thresholds_and_templates_have_columns_of_their_own()
    {
        RealServerReport server = new(new(IPAddress.Parse("10.1.0.1"), 80) { Weight = 5, UpperThreshold = 100, LowerThreshold = 50, Method = ForwardingMethod.Local }, 7, 8, 9, true, default, default);
        VirtualServiceReport service = new(Www, [server], default, default);
        string row(ListFormat format) => TableListing.One(service, format | ListFormat.Numeric, new FewNames()).Split('\n')[3];
        Assert.Equal("  -> 10.1.0.1:80                  100        50         7          8         ", row(ListFormat.Thresholds));
        Assert.Equal("  -> 10.1.0.1:80                  5         9           7          8         ", row(ListFormat.PersistentConnections));
        Assert.Equal("  -> 10.1.0.1:80                  Local   5      7          8         ", TableListing.One(service, ListFormat.Numeric, new FewNames()).Split('\n')[3]);
    }

    [Fact]
    public void Nothing_is_printed_of_a_name_beyond_the_column()
    {
        RealServerReport server = new(new(IPAddress.Parse("10.1.0.1"), 80), 0, 0, 0, false, default, default);
        string list = TableListing.One(new(Www, [server], default, default), ListFormat.None, new LongNames());
        Assert.Equal($"TCP  {new string('a', 28)} wlc", list.Split('\n')[2]);
        Assert.Equal($"  -> {new string('a', 28)} Route   1      0          0         ", list.Split('\n')[3]);
    }

    [Fact]
    public void The_template_of_a_mark_is_shown_under_the_mark()
    {
        ConnectionReport template = new(
            0, "NONE", 299_001, IPEndPoint.Parse("10.9.0.0:0"), IPEndPoint.Parse("0.0.0.0:0"), IPEndPoint.Parse("10.1.0.1:0"), ForwardingMethod.Nat, true, 258);
        Assert.Equal("IP  04:59  NONE        10.9.0.0:0         0.0.1.2:0          10.1.0.1:0", ConnectionListing.Format([template], ListFormat.None, new FewNames()).Split('\n')[2]);
    }

    private static VirtualServiceSpec Www => new(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80));

    private static string List(string options, params string[] rules)
    {
        TableDirector director = new();
        foreach (string rule in rules)
            Assert.Equal(new Printed(0, "", ""), Terminal.Type(rule, director.Ask));
        Printed printed = Terminal.Type(options, director.Ask);
        Assert.Equal(new Printed(0, printed.Output, ""), printed);
        return printed.Output;
    }

    private sealed class LongNames : INames
    {
        public IPAddress? AddressOf(string host) => null;

        public string? HostAt(IPAddress address) => new('a', 80);

        public ushort? PortOf(string service, byte protocol) => null;

        public string? ServiceAt(ushort port, byte protocol) => null;
    }
}
