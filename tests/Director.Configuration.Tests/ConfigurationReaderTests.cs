using System.Net;
using Xunit;

namespace Director.Configuration.Tests;

/// <summary>What valid files mean.</summary>
public sealed class ConfigurationReaderTests
{
    public static TheoryData<string> Examples() =>
        [.. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "hocon", "examples"), "*.conf").Select(f => Path.GetFileName(f)).Order()];

    [Theory]
    [MemberData(nameof(Examples))]
    public void Each_example_is_valid_and_asks_for_nothing_that_is_not_built(string file)
    {
        var result = ConfigurationReader.Read(Path.Combine(AppContext.BaseDirectory, "hocon", "examples", file));
        Assert.Empty(result.Errors);
        Assert.Empty(result.Notes);
        Assert.NotEmpty(result.Configuration!.VirtualServices);
    }

    [Fact]
    public void There_is_an_example_for_each_way_to_deploy() =>
        Assert.Equal(
            ["active-active.conf", "direct.conf", "health.conf", "ipv6.conf", "marks-and-persistence.conf", "masquerade.conf", "nat.conf", "pair.conf", "tunnel.conf", "vrrp.conf"],
            Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "hocon", "examples")).Select(f => Path.GetFileName(f)).Order());

    [Fact]
    public void Every_key_arrives_where_it_belongs()
    {
        var result = ConfigurationReader.ReadText(
            """
            director {
              name = director-1, interfaces = [eth0, eth1], socket = "/tmp/s", http = ""
              engine { workers = 2, connections = 2048, immediate = false, buffer = 2MiB, queueing-discipline-bypass = off, spin = 50us }
              timeouts { tcp = 15m, tcp-fin = 1m, udp = 1h }
              defence { drop-entry = always, secure-tcp = off }
              expire-nodest-conn = yes, expire-quiescent-template = no, sloppy-tcp = on, pmtu-discovery = false
              virtual-services {
                "www.example.com" {
                  protocol = udp, address = "10.0.0.1:53", scheduler = sh, scheduler-flags = [sh-port, flag-1], one-packet = true
                  persistence { timeout = 5m, netmask = 255.255.255.0 }
                  access { allow = ["10.0.0.0/8", "192.0.2.1"], deny = ["10.9.0.0/16"] }
                  forwarding = tunnel, tunnel { type = gre, checksum = full }
                  real-servers = [
                    { address = "10.0.1.1", weight = 5, upper-threshold = 10, lower-threshold = 5 }
                    { address = "[2001:db8::1]:53", tunnel { type = gue, port = 6080, checksum = remote } }
                    { address = "10.0.1.2:5353", forwarding = nat }
                    { address = "127.0.0.1:5354" }
                  ]
                  fallback = "10.0.1.9"
                }
                shop { mark = 7, family = ipv6, real-servers = [ { address = "2001:db8::7" } ] }
              }
              marks = [ { mark = 7, protocol = tcp, destination = "2001:db8:1::/48", ports = [80, 443], source = "2001:db8:2::1" } ]
              masquerade = [ { source = "10.0.1.0/24", address = "10.0.0.2" } ]
            }
            """);
        Assert.Empty(result.Errors);
        var expected = new DirectorConfiguration
        {
            Name = "director-1",
            Interfaces = ["eth0", "eth1"],
            Socket = "/tmp/s",
            Http = null,
            Engine = new() { Workers = 2, Connections = 2048, Immediate = false, BufferBytes = 2 << 20, QueueingDisciplineBypass = false, Spin = new(500) },
            Timeouts = new() { Tcp = TimeSpan.FromSeconds(900), TcpFin = TimeSpan.FromSeconds(60), Udp = TimeSpan.FromSeconds(3600) },
            Defence = new() { DropEntry = DefenceChoice.Always, SecureTcp = DefenceChoice.Off },
            ExpireNoDestination = true,
            ExpireQuiescentTemplate = false,
            SloppyTcp = true,
            PathMtuDiscovery = false,
            VirtualServices =
            [
                new("www.example.com")
                {
                    Protocol = ServiceProtocol.Udp,
                    Address = IPAddress.Parse("10.0.0.1"),
                    Port = 53,
                    Scheduler = "sh",
                    SchedulerFlags = SchedulerFlag.First | SchedulerFlag.Second,
                    OnePacket = true,
                    Persistence = new(TimeSpan.FromMinutes(5), 24),
                    Allow = [IPNetwork.Parse("10.0.0.0/8"), IPNetwork.Parse("192.0.2.1/32")],
                    Deny = [IPNetwork.Parse("10.9.0.0/16")],
                    RealServers =
                    [
                        new(IPAddress.Parse("10.0.1.1"), 53)
                        {
                            Forwarding = PacketForwarding.Tunnel, Tunnel = new() { Type = Encapsulation.Gre, Checksum = EncapsulationChecksum.Full },
                            Weight = 5, UpperThreshold = 10, LowerThreshold = 5,
                        },
                        new(IPAddress.Parse("2001:db8::1"), 53)
                        {
                            Forwarding = PacketForwarding.Tunnel,
                            Tunnel = new() { Type = Encapsulation.Gue, Port = 6080, Checksum = EncapsulationChecksum.Remote },
                        },
                        new(IPAddress.Parse("10.0.1.2"), 5353) { Forwarding = PacketForwarding.Nat },
                        new(IPAddress.Loopback, 5354) { Forwarding = PacketForwarding.Local },
                    ],
                    Fallback = new(IPAddress.Parse("10.0.1.9"), 53)
                    {
                        Forwarding = PacketForwarding.Tunnel,
                        Tunnel = new() { Type = Encapsulation.Gre, Checksum = EncapsulationChecksum.Full },
                    },
                },
                new("shop") { Mark = 7, IsIPv6 = true, RealServers = [new(IPAddress.Parse("2001:db8::7"), 0)] },
            ],
            Marks = [new(7, ServiceProtocol.Tcp, IPNetwork.Parse("2001:db8:1::/48"), [80, 443], IPNetwork.Parse("2001:db8:2::1/128"))],
            Masquerade = [new(IPNetwork.Parse("10.0.1.0/24"), IPAddress.Parse("10.0.0.2"))],
        };
        Assert.Null(Same.Difference(expected, result.Configuration));
    }

    [Fact]
    public void The_example_of_the_design_is_accepted_whole()
    {
        var result = ConfigurationReader.ReadText(
            """
            director {
              name = ""                                   # "" : the host's name
              interfaces = []                             # [] : every NIC but loopback
              socket = /run/director.sock
              http = "127.0.0.1:9090"                     # metrics, JSON, the page
              engine { link = pcap, workers = 0, connections = 1048576 }        # 0 : one a core
              timeouts { tcp = 900s, tcp-fin = 120s, udp = 300s }
              cluster { hostname = "", port = 2551, seeds = ["10.0.0.1:2551"] }  # fills akka { } ; [] : a cluster of one
              virtual-services {
                www {
                  protocol = tcp, address = "172.17.60.201:80"                  # or: mark = 1
                  scheduler = wlc, scheduler-flags = []
                  persistence { timeout = 0s, netmask = 32 }
                  one-packet = false
                  forwarding = nat                                              # nat | direct | tunnel
                  real-servers = [ { address = "192.168.6.4:80", weight = 1 } ] # forwarding, upper-threshold, lower-threshold, check may be set here too
                  fallback = "127.0.0.1:80"
                  check { type = http, request = "/index.html", receive = "Test Page", interval = 2s, timeout = 10s }
                  quiescent = true
                }
              }
              marks = [ { mark = 1, protocol = tcp, destination = "172.17.60.0/24", ports = [80, 443] } ]
              availability { mode = active-standby, groups { } , heartbeat { }, ping-nodes = [] }
              synchronisation { }
              partition { }
            }
            akka { }                                      # passed on to Akka as it is
            """,
            "f");
        Assert.Empty(result.Errors);
        Assert.Contains("f:22: director.marks[0].mark = 1: belongs to no virtual service for IPv4; add one with mark = 1 or remove the rule", result.Notes);
        Assert.Equal(["10.0.0.1:2551"], result.Configuration!.Cluster.Seeds.AsEnumerable());
        Assert.Equal(
            [new CheckConfiguration("http") { Request = "/index.html", Receive = "Test Page", Timeout = TimeSpan.FromSeconds(10) }],
            result.Configuration.VirtualServices.Single().RealServers.Single().Checks.AsEnumerable());
    }

    [Fact]
    public void Seeds_without_a_key_or_a_certificate_are_noted() =>
        Assert.Equal(
            [
                "f:1: director.cluster: has seeds and no key: this director hears no other and holds every VIP itself; write key-file = PATH, the same on every director",
                "f:1: director.cluster: has seeds and no certificate: this director joins others on loopback only; make one with 'director certificate', or set insecure = true",
            ],
            ConfigurationReader.ReadText("director.cluster { seeds = [\"10.0.0.1:2551\"] }", "f").Notes.AsEnumerable());

    [Fact]
    public void The_sections_of_a_cluster_are_read()
    {
        var result = ConfigurationReader.ReadText(
            """
            director {
              cluster {
                name = shop, hostname = "10.0.0.1", port = 2600, seeds = ["10.0.0.1:2600", "b:2600"], seed-wait = 3s, key = "0123456789abcdef"
                certificate = /etc/director/a.pem, private-key = /etc/director/a.key, authority = /etc/director/ca.pem
              }
              availability {
                mode = active-active
                groups {
                  front {
                    addresses = ["192.0.2.1", "2001:db8::1"], interfaces = [eth0], preferred = a, announcements = 3, refresh = 30s, on-take = "logger took", on-release = "logger gave"
                    partition { sense = source-address, weight = 50, shared-mac = "02:00:5e:00:53:01", join-wait = 5s }
                  }
                  back { addresses = ["10.0.0.254"] }
                }
                heartbeat {
                  port = 695, ethernet = false, keepalive = 20ms, warntime = 50ms, deadtime = 100ms, initdead = 2s, nice-failback = off, priority = 200
                  links = [ { interface = eth1, multicast = "239.1.1.1" }, { peers = ["10.1.0.2"] } ]
                }
                ping-nodes = ["10.0.0.9"], ping-interval = 200ms, ping-timeout = 1s
                mail { server = "mail:2525", from = "a@b", to = ["c@d"] }
              }
              synchronisation { mode = ipvs, port = 2700, address = "10.1.0.1", buffer = 32MiB, adoption = 0s
                ipvs {
                  master = on, backup = on, interface = eth2, sync-id = 51, backup-sync-id = 52, group = "ff02::51", port = 8849, ttl = 3, max-length = 1400
                  version = 0, threshold = [0, 10], refresh-period = 10s, retries = 3, persist-mode = on
                }
              }
              partition { weight = 10 }
            }
            """);
        Assert.Empty(result.Errors);
        Assert.Empty(result.Notes);
        var configuration = result.Configuration!;
        Assert.Equal("0123456789abcdef"u8, configuration.Cluster.Key.AsSpan());
        Assert.Equal(("shop", "10.0.0.1", 2600, TimeSpan.FromSeconds(3)), (configuration.Cluster.Name, configuration.Cluster.Hostname, configuration.Cluster.Port, configuration.Cluster.SeedWait));
        Assert.Equal(
            ("/etc/director/a.pem", "/etc/director/a.key", "/etc/director/ca.pem", false),
            (configuration.Cluster.Certificate, configuration.Cluster.PrivateKey, configuration.Cluster.Authority, configuration.Cluster.Insecure));
        var availability = configuration.Availability;
        Assert.Equal(["front", "back"], availability.Groups.Select(group => group.Name));
        var front = availability.Groups[0];
        Assert.Equal(["192.0.2.1", "2001:db8::1"], front.Addresses.Select(address => address.ToString()));
        Assert.Equal(
            ("eth0", "a", 3, TimeSpan.FromSeconds(30), "logger took", "logger gave"),
            (front.Interfaces.Single(), front.Preferred, front.Announcements, front.Refresh, front.OnTake, front.OnRelease));
        Assert.Equal((PartitionSense.SourceAddress, 50, "02005E005301", TimeSpan.FromSeconds(5)), (front.Partition!.Sense, front.Partition.Weight, front.Partition.SharedMac!.ToString(), front.Partition.JoinWait));
        Assert.Null(availability.Groups[1].Partition);
        var heartbeat = availability.Heartbeat;
        Assert.Equal((695, false, false, 200), (heartbeat.Port, heartbeat.Ethernet, heartbeat.NiceFailback, heartbeat.Priority));
        Assert.Equal([20, 50, 100, 2000], new[] { heartbeat.Keepalive, heartbeat.Warntime, heartbeat.Deadtime, heartbeat.Initdead }.Select(time => (int)time.TotalMilliseconds));
        Assert.Equal(("eth1", "239.1.1.1"), (heartbeat.Links[0].Interface, heartbeat.Links[0].Multicast!.ToString()));
        Assert.Equal("10.1.0.2", heartbeat.Links[1].Peers.Single().ToString());
        Assert.Equal(("mail:2525", "a@b", "c@d"), (availability.Mail!.Server, availability.Mail.From, availability.Mail.To.Single()));
        Assert.Equal(
            new SynchronisationConfiguration { Mode = SynchronisationMode.Ipvs, Port = 2700, Address = System.Net.IPAddress.Parse("10.1.0.1"), BufferBytes = 32 << 20, Adoption = TimeSpan.Zero,
                Ipvs = new IpvsSynchronisationConfiguration
                {
                    Master = true, Backup = true, Interface = "eth2", SyncId = 51, BackupSyncId = 52, Group = System.Net.IPAddress.Parse("ff02::51"), Port = 8849, Ttl = 3, MaximumLength = 1400,
                    Version = 0, Threshold = 0, Period = 10, RefreshPeriod = TimeSpan.FromSeconds(10), Retries = 3, PersistMode = true,
                },
            },
            configuration.Synchronisation);
        Assert.Equal(10, configuration.Partition.Weight);
        Assert.Null(Same.Difference(configuration, ConfigurationReader.ReadText(ConfigurationWriter.Write(configuration)).Configuration));
    }

    [Fact]
    public void The_key_is_a_files_content_without_the_white_space_at_its_end()
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, "a secret of a cluster \n\n");
        try
        {
            Assert.Equal("a secret of a cluster"u8, ConfigurationReader.ReadText($"director.cluster.key-file = \"{path}\"").Configuration!.Cluster.Key.AsSpan());
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void A_real_servers_checks_replace_the_services()
    {
        var service = ConfigurationReader.ReadText(
            """
            director.virtual-services.www {
              address = "10.0.0.1:80", check { type = http, request = "/a" }
              real-servers = [
                { address = "10.0.0.2" }, { address = "10.0.0.3", check { type = ping } }, { address = "10.0.0.4", check { type = none } }, { address = "10.0.0.5", checks = [] }
                { address = "10.0.0.6", checks = [ { type = connect }, { type = https, port = 443 } ] }
              ]
            }
            """).Configuration!.VirtualServices.Single();
        Assert.Equal(new CheckConfiguration("http") { Request = "/a" }, service.Checks.Single());
        Assert.Equal(service.Checks.Single(), service.RealServers[0].Checks.Single());
        Assert.Equal(new CheckConfiguration("ping"), service.RealServers[1].Checks.Single());
        Assert.Empty(service.RealServers[2].Checks);
        Assert.Empty(service.RealServers[3].Checks);
        Assert.Equal([new("connect"), new("https") { Port = 443 }], service.RealServers[4].Checks.AsEnumerable());
    }

    [Fact]
    public void Each_key_of_a_check_is_read()
    {
        var file = Path.GetTempFileName();
        File.WriteAllText(file, "s3cret\n");
        try
        {
            var result = ConfigurationReader.ReadText(
                $$"""
                director.virtual-services {
                  web {
                    address = "10.0.0.1:80"
                    check {
                      type = https, port = 8443, address = "10.0.0.9", request = "/a", receive = "b", receive-not = "c", method = HEAD, virtual-host = d, http-version = "1.0", status = "200, 300-399"
                      digest = D41D8CD98F00B204E9800998ECF8427E, server-name = e, verify = on, authority = /f, login = g, password = h, interval = 1s, timeout = 200ms, retry-interval = 100ms
                      rise = 3, fall = 4, unknown = down, from = all, source = "10.0.0.8", interface = eth0, through-service = true
                    }
                  }
                  others {
                    address = "10.0.0.1:81"
                    checks = [
                      { type = udp, request-hex = 0AFF, require-reply = yes, min-reply = 1, max-reply = 2 }
                      { type = radius, login = a, password = b, secret-file = "{{file}}" }
                      { type = mysql, login = a, password-file = "{{file}}", database = c, request = "SELECT 1\n" }
                      { type = smtp, helo = a }, { type = external, command = "a b", dynamic = on }, { type = file, path = /a }, { type = dns, record = MX, transport = tcp, request = a }
                    ]
                  }
                }
                """);
            Assert.Empty(result.Errors);
            var services = result.Configuration!.VirtualServices;
            Assert.Equal(
                new CheckConfiguration("https")
                {
                    Port = 8443, Address = System.Net.IPAddress.Parse("10.0.0.9"), Request = "/a", Receive = "b", ReceiveNot = "c", Method = "HEAD", VirtualHost = "d", HttpVersion = "1.0",
                    Status = "200, 300-399", Digest = "d41d8cd98f00b204e9800998ecf8427e", ServerName = "e", Verify = true, Authority = "/f", Login = "g", Password = new("h"),
                    Interval = TimeSpan.FromSeconds(1), Timeout = TimeSpan.FromMilliseconds(200), RetryInterval = TimeSpan.FromMilliseconds(100), Rise = 3, Fall = 4, UnknownIsUp = false,
                    From = CheckFrom.All, Source = System.Net.IPAddress.Parse("10.0.0.8"), Interface = "eth0", ThroughService = true,
                },
                services[0].Checks.Single());
            Assert.Equal(
                [
                    new("udp") { RequestHex = "0aff", RequireReply = true, MinReply = 1, MaxReply = 2 },
                    new("radius") { Login = "a", Password = new("b"), Secret = new("s3cret") },
                    new("mysql") { Login = "a", Password = new("s3cret"), Database = "c", Request = "SELECT 1\n" },
                    new("smtp") { Helo = "a" }, new("external") { Command = "a b", Dynamic = true }, new("file") { Path = "/a" },
                    new("dns") { Record = "MX", Transport = CheckTransport.Tcp, Request = "a" },
                ],
                services[1].Checks.AsEnumerable());
            Assert.DoesNotContain("s3cret", string.Join(' ', services[1].Checks), StringComparison.Ordinal);
            Assert.DoesNotContain("s3cret", System.Text.Json.JsonSerializer.Serialize(services[1].Checks.Select(check => check.Password)), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public void Keys_that_substitutions_name_are_the_authors_own() =>
        Assert.Equal(
            ["f:3: vip3 = 10.0.0.3: there is no such key; the nearest is akka"],
            ConfigurationReader.ReadText("vip = \"10.0.0.1\"\nvips { b = \"10.0.0.2\" }\nvip3 = \"10.0.0.3\"\ndirector.availability.ping-nodes = [ ${vip}, ${vips.b} ]", "f").Errors.AsEnumerable());

    [Fact]
    public void Akkas_section_is_resolved_and_quoted() =>
        Assert.Equal(
            """
            akka {
              "loglevel" = "DEBUG"
              "actor" {
                "serializers" {
                  "a.b" = "X, Y"
                }
                "interval" = "5 s"
              }
              "list" = ["a", "b c"]
              "lists" = [["1"], ["2", "3"]]
              "text" = "q\"b\\n\n${x}"
              "copy" = "DEBUG at 5 s"
            }

            """,
            ConfigurationReader.ReadText(
                """"
                akka {
                  loglevel = DEBUG
                  actor { serializers { "a.b" = "X, Y" } }
                  actor.interval = 5 s
                  list = [a, b c]
                  lists = [[1], [2, 3]]
                  text = "q\"b\\n\n${x}"
                  copy = ${akka.loglevel} at ${akka.actor.interval}
                  nothing = null
                  missing = ${?NOT_SET_ANYWHERE}
                }
                """").AkkaSection);

    [Fact]
    public void The_environment_sets_what_the_file_leaves_to_it()
    {
        Environment.SetEnvironmentVariable("DIRECTOR_TEST_WORKERS", "7");
        try
        {
            var text = "director.engine.workers = 1\ndirector.engine.workers = ${?DIRECTOR_TEST_WORKERS}\ndirector.name = ${DIRECTOR_TEST_WORKERS}";
            var configuration = ConfigurationReader.ReadText(text).Configuration!;
            Assert.Equal((7, "7"), (configuration.Engine.Workers, configuration.Name));
        }
        finally
        {
            Environment.SetEnvironmentVariable("DIRECTOR_TEST_WORKERS", null);
        }
    }
}
