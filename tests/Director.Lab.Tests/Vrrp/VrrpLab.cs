using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using System.Text.RegularExpressions;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Vrrp;

/// <summary>A virtual router that a director and a keepalived have together.</summary>
/// <param name="Name">The director's group, and keepalived's instance.</param>
/// <param name="RouterId">VRID.</param>
/// <param name="Address">Its address.</param>
/// <param name="Interval">Between two advertisements.</param>
/// <param name="DirectorPriority">The director's priority.</param>
/// <param name="KeepalivedPriority">keepalived's priority.</param>
internal sealed record SharedRouter(string Name, int RouterId, string Address, TimeSpan Interval, int DirectorPriority, int KeepalivedPriority)
{
    internal int Version { get; init; } = 3;

    internal string Password { get; init; } = "";

    internal bool Preempts { get; init; } = true;

    internal bool VirtualMac { get; init; }

    internal bool Unicast { get; init; }

    internal int PrefixLength => IsIPv6 ? 64 : 24;

    internal bool IsIPv6 => Address.Contains(':', StringComparison.Ordinal);

    /// <summary>How long a backup waits (RFC 5798 6.1).</summary>
    internal TimeSpan MasterDown(int priority) => (3 * Interval) + ((256 - priority) / 256.0 * (Version == 2 ? TimeSpan.FromSeconds(1) : Interval));

    internal string ForDirector() => $$"""
        {{Name}} {
          addresses = ["{{Address}}"]
          protocol = vrrp
          vrrp {
            version = {{Version}}, interval = {{Interval.TotalMilliseconds}}ms, priority = {{DirectorPriority}}, preempt = {{(Preempts ? "true" : "false")}}
            virtual-mac = {{(VirtualMac ? "true" : "false")}}, password = "{{Password}}"
            instances = [ { interface = eth0, router-id = {{RouterId}}, peers = [{{(Unicast ? $"\"{VrrpLab.AddressOf(VrrpLab.KeepalivedName, IsIPv6)}\"" : "")}}] } ]
          }
        }
        """;

    internal string ForKeepalived() => $$"""
        vrrp_instance {{Name}} {
          state BACKUP
          interface eth0
          version {{Version}}
          virtual_router_id {{RouterId}}
          priority {{KeepalivedPriority}}
          advert_int {{Interval.TotalSeconds.ToString(CultureInfo.InvariantCulture)}}
          {{(Preempts ? "" : "nopreempt")}}
          {{(Password.Length > 0 ? $"authentication {{\n auth_type PASS\n auth_pass {Password}\n }}" : "")}}
          {{(Unicast ? $"unicast_peer {{\n {VrrpLab.AddressOf(VrrpLab.DirectorName, IsIPv6)}\n }}" : "")}}
          virtual_ipaddress {
            {{Address}}/{{PrefixLength}}
          }
        }
        """;
}

/// <summary>An advertisement as tcpdump reads it.</summary>
internal sealed record SeenAdvertisement(double Time, string From, int Version, bool IsIPv6, int RouterId, int Priority);

/// <summary>A director and a keepalived on a LAN, each with the same virtual routers, and an observer who sees every packet.</summary>
internal sealed partial class VrrpLab : IDisposable
{
    internal const string DirectorName = "director", KeepalivedName = "keepalived";
    private HostProcess? _daemon;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<SharedRouter> _routers;
    private readonly LabNetwork _network = new();
    private readonly LabHost _director, _keepalived, _observer;
    private readonly string _directorMac, _keepalivedMac;
    private LabDirector? _running;

    internal VrrpLab(params IReadOnlyList<SharedRouter> routers)
    {
        _routers = routers;
        try
        {
            _network.AddLan("lan");
            (_director, _keepalived, _observer) = (_network.AddHost(DirectorName), _network.AddHost(KeepalivedName), _network.AddHost("observer"));
            foreach ((LabHost host, int number) in new[] { (_director, 1), (_keepalived, 2), (_observer, 3) })
            {
                // No link-local address but the one below.
                host.Set("ipv6.conf.default.addr_gen_mode=1");
                _network.Connect(host, "eth0", "lan", $"10.9.0.{number}/24", $"fd09::{number}/64", $"fe80::{number}/64");
            }

            (_directorMac, _keepalivedMac) = (LabTopology.Mac(_director, "eth0"), LabTopology.Mac(_keepalived, "eth0"));
            HostProcess capture = _network.Switch.Start("tcpdump", "-i", "lan", "-U", "-w", _network.Switch.File("all.pcap"), "ip proto 112 or ip6 proto 112 or arp");
            capture.WaitUntil(() => capture.Error.Contains("listening on", StringComparison.Ordinal), _patience, "it listens");
        }
        catch
        {
            _network.Dispose();
            throw;
        }
    }

    internal string Said => $"{_running?.Process.Output} {_running?.Process.Error}";

    internal static string AddressOf(string who, bool isIPv6) => (isIPv6 ? "fd09::" : "10.9.0.") + (who == DirectorName ? 1 : 2);

    internal void StartDirector() => _running = LabDirector.Start(
        _director, $$"""
        director {
          name = director
          interfaces = [eth0]
          http = "127.0.0.1:9090"
          engine { workers = 1 }
          availability.groups {
        {{string.Join('\n', _routers.Select(router => router.ForDirector()))}}
          }
        }
        """);

    internal void StartKeepalived()
    {
        string file = _keepalived.Write("keepalived.conf", $"global_defs {{\n script_user root\n vrrp_garp_master_delay 1\n }}\n{string.Join('\n', _routers.Select(router => router.ForKeepalived()))}\n");
        // As the director's thread has it: else it is keepalived that misses intervals of 20 ms on a busy machine.
        _daemon?.WaitForEnd(_patience);
        HostProcess process = _daemon = _keepalived.Start("chrt", "-f", "10", "keepalived", "-n", "-l", "-P", "-f", file, "-p", _keepalived.File("pid"), "-r", _keepalived.File("vrrp-pid"));
        process.WaitUntil(() => (process.Output + process.Error).Contains("Startup complete", StringComparison.Ordinal), _patience, "it has started");
    }

    internal void KillDirector()
    {
        _running!.Process.Signal(Signals.Kill);
        _running.Process.WaitForEnd(_patience);
    }

    internal void StopDirector()
    {
        _running!.Process.Signal(Signals.Terminate);
        Assert.True(_running.Process.WaitForEnd(_patience) == 0, Said);
    }

    /// <summary>Kills it as if its host had died: its addresses are gone too.</summary>
    internal void KillKeepalived()
    {
        // The child first: when it loses its parent it resigns.
        _keepalived.Run("sh", "-c", $"kill -KILL $(cat {_keepalived.File("vrrp-pid")}) $(cat {_keepalived.File("pid")})");
        foreach (SharedRouter router in _routers)
            _keepalived.Try("ip", "address", "del", $"{router.Address}/{router.PrefixLength}", "dev", "eth0");
    }

    internal void StopKeepalived() => _keepalived.Run("sh", "-c", $"kill -TERM $(cat {_keepalived.File("pid")})");

    /// <summary>Takes keepalived off the LAN, or puts it back: its NIC keeps its carrier, as behind a switch that is cut off.</summary>
    internal void SetCable(bool isPlugged) => _network.Switch.Ip($"link set {_keepalived.Name}-eth0 {(isPlugged ? "master lan" : "nomaster")}");

    /// <summary>Waits until each router's address is answered by who is to be its master, and nobody else.</summary>
    internal void Expect(Func<SharedRouter, string> master)
    {
        string wanted = string.Join(", ", _routers.Select(router => $"{router.Name} {master(router)}")), seen = "";
        Eventually.Holds(() => (seen = AnsweredBy()) == wanted, _patience, () => $"answered by {wanted}; they are by {seen}; {Said}");
    }

    /// <summary>What <c>director status</c> says of a group's VRRP.</summary>
    internal JsonElement Figures()
    {
        using JsonDocument status = JsonDocument.Parse(_running!.TryStatus("--json").Output);
        return status.RootElement.Clone();
    }

    /// <summary>Sends a VRRP message of a host on the LAN that is none of the two.</summary>
    internal void Forge(Action<Socket> send) => _observer.Inside(() =>
    {
        using Socket socket = new(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Raw);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.HeaderIncluded, true);
        socket.SetSocketOption(SocketOptionLevel.IP, SocketOptionName.MulticastInterface, IPAddress.Parse("10.9.0.3").GetAddressBytes());
        send(socket);
    });

    /// <summary>Every VRRP packet so far, as tcpdump reads it; none of them is wrong in its eyes.</summary>
    internal IReadOnlyList<SeenAdvertisement> Advertisements()
    {
        string text = Read("-vvv", "(ip proto 112 or ip6 proto 112) and not host 10.9.0.3");
        SeenAdvertisement[] all =
        [
            .. Advertisement().Matches(text).Select(match => new SeenAdvertisement(
                double.Parse(match.Groups["time"].Value, CultureInfo.InvariantCulture), match.Groups["from"].Value, Number(match, "version"), match.Groups["from"].Value.Contains(':', StringComparison.Ordinal),
                Number(match, "vrid"), Number(match, "priority"))),
        ];
        string[] packets = [.. text.Split('\n').Where(line => line.Length > 0 && char.IsAsciiDigit(line[0]))];
        Assert.True(packets.Length == all.Length, $"{packets.Length} packets, {all.Length} advertisements");
        Assert.DoesNotContain("bad", text, StringComparison.Ordinal);
        Assert.DoesNotContain("(ttl", text, StringComparison.Ordinal);
        Assert.DoesNotContain("[|", text, StringComparison.Ordinal);
        return all;

        static int Number(Match match, string group) => int.Parse(match.Groups[group].Value, CultureInfo.InvariantCulture);
    }

    /// <summary>For how many of the observer's ARP requests more than one host answered.</summary>
    internal int AnsweredTwice()
    {
        string mac = LabTopology.Mac(_observer, "eth0");
        HashSet<string> answered = [];
        int twice = 0;
        foreach (string[] words in Read($"arp and (ether src {mac} or ether dst {mac})").Split('\n').Select(line => line.Split(' ')))
        {
            // ARP, Request who-has ADDRESS tell ...; ARP, Reply ADDRESS is-at ...: questions for several addresses are under way at once.
            int at = Math.Max(Array.IndexOf(words, "who-has"), Array.IndexOf(words, "Reply"));
            if (at < 0 || at + 1 == words.Length)
                continue;
            if (words[at] == "who-has")
                answered.Remove(words[at + 1]);
            else if (!answered.Add(words[at + 1]))
                twice++;
        }

        return twice;
    }

    public void Dispose() => _network.Dispose();

    private string AnsweredBy()
    {
        string addresses = string.Join(' ', _routers.Select(router => router.Address));
        string neighbours = _observer.Run("sh", "-c", $"for a in {addresses}; do ip neigh del $a dev eth0; ping -I eth0 -c 1 -W 1 $a & done > /dev/null 2>&1; wait; ip neigh show dev eth0");
        Dictionary<string, string> macs = neighbours.Split('\n').Select(line => line.Split(' ')).Where(words => words is [_, "lladdr", _, ..]).ToDictionary(words => words[0], words => words[2]);
        return string.Join(", ", _routers.Select(router => $"{router.Name} {HolderOf(router, macs.GetValueOrDefault(router.Address, ""))}"));
    }

    private string HolderOf(SharedRouter router, string mac)
    {
        string virtualMac = string.Create(CultureInfo.InvariantCulture, $"00:00:5e:00:0{(router.IsIPv6 ? 2 : 1)}:{router.RouterId:x2}");
        return mac == (router.VirtualMac ? virtualMac : _directorMac) ? DirectorName : mac == _keepalivedMac ? KeepalivedName : "nobody";
    }

    private string Read(params string[] arguments) => _network.Switch.Run(["tcpdump", "-r", _network.Switch.File("all.pcap"), "-nn", "-tt", .. arguments]);

    [GeneratedRegex(@"^(?<time>\d+\.\d+) IP6? \(.*?\)\s+(?<from>[0-9a-f.:]+) > [0-9a-f.:]+: VRRPv(?<version>\d), Advertisement, vrid (?<vrid>\d+), prio (?<priority>\d+),", RegexOptions.Multiline)]
    private static partial Regex Advertisement();
}
