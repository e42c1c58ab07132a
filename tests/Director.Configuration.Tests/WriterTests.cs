using System.Collections.Immutable;
using System.Net;
using FsCheck.Xunit;
using Xunit;

namespace Director.Configuration.Tests;

/// <summary>What is written and read again is the same.</summary>
public sealed class WriterTests
{
    private static readonly string[] s_schedulers = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh", "twos"];
    private static readonly string[] s_strings = ["", "a", "x y", "\"q\"", "back\\slash", "${x}", "tab\there", "line\nbreak", "# no comment", "é", "[", "null"];

    private static readonly TunnelConfiguration s_gue = new() { Type = Encapsulation.Gue, Port = 6080 };

    private readonly Random _random;

    public WriterTests()
    {
        _random = new Random(0);
    }

    private WriterTests(int seed)
    {
        _random = new Random(seed);
    }

    [Fact]
    public void The_defaults_are_an_empty_section() => Assert.Equal("director {\n}\n", ConfigurationWriter.Write(new DirectorConfiguration()));

    [Fact]
    public void A_configuration_is_written_as_people_write_it() =>
        Assert.Equal(
            """
            director {
              timeouts {
                tcp = 1h
              }
              virtual-services {
                www {
                  protocol = tcp
                  address = "10.0.0.1:80"
                  scheduler = wlc
                  persistence {
                    timeout = 5m
                  }
                  forwarding = direct
                  real-servers = [
                    {
                      address = "10.0.0.2:80"
                    }
                    {
                      address = "10.0.0.3:80"
                      weight = 2
                      forwarding = tunnel
                      tunnel {
                        type = gue
                        port = 6080
                      }
                    }
                  ]
                }
              }
            }

            """,
            ConfigurationWriter.Write(new DirectorConfiguration
            {
                Timeouts = new() { Tcp = TimeSpan.FromHours(1) },
                VirtualServices =
                [
                    new("www")
                    {
                        Protocol = ServiceProtocol.Tcp,
                        Address = IPAddress.Parse("10.0.0.1"),
                        Port = 80,
                        Persistence = new(TimeSpan.FromMinutes(5), 32),
                        RealServers =
                        [
                            new(IPAddress.Parse("10.0.0.2"), 80) { Forwarding = PacketForwarding.Direct },
                            new(IPAddress.Parse("10.0.0.3"), 80) { Weight = 2, Forwarding = PacketForwarding.Tunnel, Tunnel = s_gue },
                        ],
                    },
                ],
            }));

    [Fact]
    public void A_group_held_by_VRRP_is_written_as_it_was_read()
    {
        const string Text = """
            director {
              virtual-services { www { protocol = tcp, address = "10.0.0.1:80", real-servers = [ { address = "10.0.0.9" } ] } }
              availability.groups.vips {
                addresses = ["10.0.0.1", "10.0.0.2", "fd00::1"], protocol = vrrp
                vrrp {
                  version = 3, interval = 20ms, priority = 255, preempt = false, preempt-delay = 3s, virtual-mac = true, accept = false, checksum = plain, check-addresses = false
                  announce-delay = 0s, refresh-announcements = 2, lower-priority-delay = 1s, lower-priority-announcements = 0
                  instances = [
                    { interface = eth0, router-id = 51, addresses = ["10.0.0.2"], peers = ["10.0.0.7"], source = "10.0.0.8" }
                    { interface = eth1, router-id = 255 }
                  ]
                  track {
                    interfaces = [ { interface = eth2, weight = -253 } ]
                    ping-nodes = [ { address = "10.0.0.254" } ]
                    scripts = [ { command = "test -e /run/\"up\"", interval = 5s, timeout = 2s, rise = 2, fall = 3, weight = 9 } ]
                    services = [ { name = www, weight = 253 } ]
                  }
                }
              }
            }
            """;
        var configuration = ConfigurationReader.ReadText(Text).Configuration;
        Assert.Equal(20, configuration?.Availability.Groups.Single().Vrrp?.Interval.TotalMilliseconds);

        var again = ConfigurationReader.ReadText(ConfigurationWriter.Write(configuration!));

        Assert.Empty(again.Errors);
        Assert.Null(Same.Difference(configuration, again.Configuration));
    }

    [Property(MaxTest = 500)]
    public void Any_configuration_is_read_again_as_it_was(int seed)
    {
        var configuration = new WriterTests(seed).Configuration();
        var text = ConfigurationWriter.Write(configuration);

        var result = ConfigurationReader.ReadText(text);

        Assert.True(result.Errors.IsEmpty, string.Join('\n', result.Errors) + "\n" + text);
        Assert.Null(Same.Difference(configuration, result.Configuration));
    }

    private DirectorConfiguration Configuration()
    {
        var services = Many(4, Service).DistinctBy(s => (s.Protocol, s.Address, s.Port, s.Mark, s.IsIPv6)).ToImmutableArray();
        return new()
        {
            Name = Pick("", "director-1", "a.example"),
            Interfaces = [.. Many(3, () => Pick("eth0", "eth1", "bond0.17")).Distinct()],
            Socket = Pick("/run/director.sock", "/tmp/a b", "/x\"y"),
            Http = Pick<IPEndPoint?>(null, new IPEndPoint(Address(false), 9090), new IPEndPoint(Address(true), 1)),
            Engine = new()
            {
                Workers = _random.Next(65),
                Connections = _random.Next(1024, 16_777_217),
                Immediate = Flip(),
                BufferBytes = _random.Next(1 << 20, (1 << 30) + 1),
                QueueingDisciplineBypass = Flip(),
                Spin = TimeSpan.FromMicroseconds(_random.Next(1_000_001)),
            },
            Timeouts = new() { Tcp = Seconds(), TcpFin = Seconds(), Udp = Seconds() },
            Defence = new() { DropEntry = Pick(Enum.GetValues<DefenceChoice>()), SecureTcp = Pick(Enum.GetValues<DefenceChoice>()) },
            ExpireNoDestination = Flip(),
            ExpireQuiescentTemplate = Flip(),
            SloppyTcp = Flip(),
            PathMtuDiscovery = Flip(),
            VirtualServices = services,
            Marks =
            [
                .. services.Where(s => s.Mark > 0).Select(s => new MarkConfiguration(
                    s.Mark, Pick<ServiceProtocol?>(null, ServiceProtocol.Tcp, ServiceProtocol.Udp), Network(s.IsIPv6), [.. Many(3, Port).Distinct()], Flip()
                        ? Network(s.IsIPv6) : null)),
            ],
            Masquerade = [.. Many(2, () => Flip() ? new MasqueradeConfiguration(Network(true), Address(true)) : new(Network(false), Address(false)))],
            Cluster = new() { Hostname = Pick("", "a", "10.0.0.1"), Port = Port(),
                Seeds = [.. Many(2, () => Pick("10.0.0.1:2551", "b:1", "[2001:db8::1]:2551"))] },
            Feedback = Flip() ? new() : new()
            {
                Listen = Flip() ? new IPEndPoint(Address(Flip()), Port()) : null,
                Key = [.. "a secret of sixteen bytes"u8],
                Allow = [.. Many(2, () => Network(Flip()))],
                Services = [.. Many(2, () => Pick("www", "no such")).Distinct()],
                Join = Flip(),
                Stale = TimeSpan.FromMilliseconds(_random.Next(1000, 3_600_001)),
                RemoveAfter = TimeSpan.FromMilliseconds(_random.Next(3_600_000, 86_400_001)),
                Smoothing = TimeSpan.FromMilliseconds(_random.Next(3_600_001)),
                DeadBand = _random.Next(51),
                Slew = _random.Next(1, 1001),
                Least = _random.Next(1, 101),
            },
            Availability = new() { Mode = Pick(Enum.GetValues<AvailabilityMode>()), PingNodes = [.. Many(2, () => Address(Flip()))] },
        };
    }

    private VirtualServiceConfiguration Service()
    {
        var isIPv6 = Flip();
        var isMark = _random.Next(3) == 0;
        var protocol = Flip() ? ServiceProtocol.Tcp : ServiceProtocol.Udp;
        var persistence = Flip() ? null : new PersistenceConfiguration(Seconds(), _random.Next(1, isIPv6 ? 129 : 33));
        var port = isMark ? (ushort)0 : persistence is not null && Flip() ? (ushort)0 : Port();
        var scheduler = Pick(s_schedulers);
        var fallbackForwarding = Pick(PacketForwarding.Nat, PacketForwarding.Direct, PacketForwarding.Tunnel);
        return new(Pick(s_strings.Where(s => s.Length > 0 && !s.Any(char.IsControl)).ToArray()) + _random.Next())
        {
            Protocol = isMark ? null : protocol,
            Address = isMark ? null : Address(isIPv6),
            Port = port,
            Mark = isMark ? (uint)_random.Next(1, int.MaxValue) : 0,
            IsIPv6 = isIPv6,
            Scheduler = scheduler,
            SchedulerFlags = (SchedulerFlag)_random.Next(8),
            Persistence = persistence,
            OnePacket = (isMark || protocol == ServiceProtocol.Udp) && Flip(),
            Allow = [.. Many(2, () => Network(isIPv6))],
            Deny = [.. Many(2, () => Network(isIPv6))],
            RealServers = [.. Many(4, () => RealServer(isIPv6, isMark, port)).DistinctBy(s => (s.Address, s.Port))],
            Fallback = _random.Next(3) switch
            {
                0 => null,
                1 => new(isIPv6 ? IPAddress.IPv6Loopback : IPAddress.Loopback, port) { Forwarding = PacketForwarding.Local },
                _ => new(Address(isIPv6), port) { Forwarding = fallbackForwarding, Tunnel = fallbackForwarding == PacketForwarding.Tunnel ? Tunnel() : null },
            },
            Quiescent = Flip(),
            Checks = Checks(),
        };
    }

    private RealServerConfiguration RealServer(bool isIPv6, bool isMark, ushort servicePort)
    {
        var forwarding = Pick(Enum.GetValues<PacketForwarding>());
        var upper = _random.Next(1000);
        return new(Address(forwarding == PacketForwarding.Tunnel ? Flip() : isIPv6), forwarding is PacketForwarding.Nat or PacketForwarding.Local || isMark
            ? Port() : servicePort)
        {
            Forwarding = forwarding,
            Tunnel = forwarding == PacketForwarding.Tunnel ? Tunnel() : null,
            Weight = _random.Next(65536),
            UpperThreshold = upper,
            LowerThreshold = _random.Next(upper + 1),
            Checks = Checks(),
            AgentCheck = Flip() ? null : new(Port())
            {
                Interval = TimeSpan.FromMilliseconds(_random.Next(100, 3_600_001)),
                Timeout = TimeSpan.FromMilliseconds(_random.Next(100, 60_001)),
                Send = Pick(s_strings),
            },
        };
    }

    private ImmutableArray<CheckConfiguration> Checks() => [.. Many(3, () => Timing(Check()))];

    private CheckConfiguration Check() => _random.Next(9) switch
    {
        0 => new("connect"),
        1 => new("ping") { Address = Address(Flip()) },
        2 => new("external") { Command = Pick(s_strings[1..]), Dynamic = Flip() },
        3 => new("file") { Path = "/run/a b" },
        4 => new("dns") { Request = "example.org", Receive = "^192\\.", Record = Pick("", "MX"), Transport = Pick(Enum.GetValues<CheckTransport>()) },
        5 => new("udp") { RequestHex = Pick("", "00ff"), RequireReply = Flip(), MinReply = _random.Next(9), MaxReply = 9 + _random.Next(9) },
        6 => new("radius") { Login = "a", Password = new(Pick("", "p\"w", "${x}")), Secret = new("s") },
        7 => new("pgsql") { Request = Pick(s_strings), Login = Pick("", "a"), Password = new(Pick("", "b")), Database = Pick("", "c") },
        _ => new("https")
        {
            Request = Pick("", "/", "/a?b=%20"),
            Receive = Pick("", "a.*b", "\\d+", "[\"x\"]"),
            ReceiveNot = Pick("", "no"),
            Method = Pick("GET", "HEAD"),
            VirtualHost = Pick("", "www.example.org:8080"),
            HttpVersion = Pick("1.0", "1.1"),
            Status = Pick("200-299", "200, 401"),
            Digest = Pick("", "d41d8cd98f00b204e9800998ecf8427e"),
            ServerName = Pick("", "www.example.org"),
            Verify = Flip(),
            Authority = Pick("", "/etc/ca.pem"),
        },
    };

    private CheckConfiguration Timing(CheckConfiguration check) => (check with
    {
        Port = check.Type is "ping" or "file" ? (ushort)0 : Port(),
        Interval = TimeSpan.FromMilliseconds(_random.Next(100, 100_000)),
        Timeout = TimeSpan.FromMilliseconds(_random.Next(100, 100_000)),
        RetryInterval = TimeSpan.FromMilliseconds(Pick(0, 100, 2000)),
        Rise = _random.Next(1, 9),
        Fall = _random.Next(1, 9),
        UnknownIsUp = Flip(),
        From = Pick(Enum.GetValues<CheckFrom>()),
    }) is var timed && check.Type is "external" or "file" ? timed : timed with { Source = Flip() ? null : Address(Flip()), Interface = Pick("", "eth0") };

    private TunnelConfiguration Tunnel() => _random.Next(5) switch
    {
        0 => new(),
        1 => new() { Type = Encapsulation.Gre },
        2 => new() { Type = Encapsulation.Gre, Checksum = EncapsulationChecksum.Full },
        3 => new() { Type = Encapsulation.Gue, Port = Port() },
        _ => new() { Type = Encapsulation.Gue, Port = Port(), Checksum = EncapsulationChecksum.Remote },
    };

    private IPAddress Address(bool isIPv6)
    {
        var bytes = new byte[isIPv6 ? 16 : 4];
        _random.NextBytes(bytes);
        bytes[0] = isIPv6 ? (byte)0x20 : (byte)_random.Next(1, 127);
        return new IPAddress(bytes);
    }

    private IPNetwork Network(bool isIPv6)
    {
        var bytes = Address(isIPv6).GetAddressBytes();
        var prefix = _random.Next((bytes.Length * 8) + 1);
        for (var i = 0; i < bytes.Length; i++)
        {
            bytes[i] &= (byte)(0xff00 >> Math.Clamp(prefix - (8 * i), 0, 8));
        }

        return new IPNetwork(new IPAddress(bytes), prefix);
    }

    private TimeSpan Seconds() => TimeSpan.FromSeconds(_random.Next(1, 2_678_401));

    private ushort Port() => (ushort)_random.Next(1, 65536);

    private bool Flip() => _random.Next(2) == 0;

    private T Pick<T>(params T[] from) => from[_random.Next(from.Length)];

    private IEnumerable<T> Many<T>(int limit, Func<T> make) => Enumerable.Range(0, _random.Next(limit + 1)).Select(_ => make()).ToList();
}
