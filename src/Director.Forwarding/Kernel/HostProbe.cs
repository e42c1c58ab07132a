using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Director.Forwarding.Links;

namespace Director.Forwarding.Kernel;

/// <summary>Something about this host that the operator should know before it forwards.</summary>
/// <param name="IsError">Whether the director cannot work; otherwise something may not.</param>
/// <param name="Message">One line: what is wrong and what to do.</param>
public readonly record struct HostFinding(bool IsError, string Message);

/// <summary>Says what this host lacks, and which of its settings would break what it is to do. Pure.</summary>
public static class HostProbe
{
    private const int NetAdmin = 12, NetRaw = 13, SysAdmin = 21, Bpf = 39;
    private const ulong LockedForMaps = 8 << 20;

    // Before it, BPF maps count as locked memory.
    private static readonly Version MapsAreNotLocked = new(5, 11);

    /// <summary>Reads the facts of this host and judges them.</summary>
    /// <param name="table">What it is to forward.</param>
    /// <param name="options">How the engine is set up.</param>
    /// <exception cref="LinkException">The interfaces that packets are to be taken from are not there.</exception>
    public static ImmutableArray<HostFinding> Examine(ForwardingTable table, EngineOptions options)
    {
        var interfaces = InterfaceList.Choose(InterfaceList.Read(), options.Interfaces).Select(info => info.Name);
        return Judge(HostFacts.Read(new HostSystem(), interfaces), table, options.Workers == 0 ? Environment.ProcessorCount : options.Workers);
    }

    /// <summary>Judges, errors first.</summary>
    /// <param name="facts">The facts.</param>
    /// <param name="table">What the host is to forward.</param>
    /// <param name="workers">Number of workers.</param>
    public static ImmutableArray<HostFinding> Judge(HostFacts facts, ForwardingTable table, int workers) =>
    [
        .. Missing(facts).Concat(Misplaced(facts, table)).Select(message => new HostFinding(true, message)),
        .. Limits(facts, workers).Concat(Settings(facts, table)).Select(message => new HostFinding(false, message)),
    ];

    private static IEnumerable<string> Missing(HostFacts facts)
    {
        string[] lacking = [.. new[] { (NetAdmin, "CAP_NET_ADMIN"), (NetRaw, "CAP_NET_RAW") }.Where(capability => !Has(facts, capability.Item1)).Select(capability => capability.Item2)];
        if (lacking.Length > 0)
            yield return $"This process lacks {string.Join(" and ", lacking)}: run it as root, or give it (systemd: AmbientCapabilities=; docker: --cap-add).";
        if (!facts.HasLibpcap)
            yield return "libpcap is missing: apt-get install libpcap0.8";
        if (!facts.HasNft)
            yield return "The command nft is missing: apt-get install nftables";
        if (!facts.HasIp)
            yield return "The command ip is missing: apt-get install iproute2";
        if (!facts.HasTun)
            yield return "/dev/net/tun cannot be opened: modprobe tun (docker: --device /dev/net/tun).";
        // Without the privilege every rule is refused.
        if (lacking.Length == 0 && facts.RulesProblem is { } problem)
            yield return $"The kernel's nftables refuses the rules that keep it off forwarded connections (it needs nf_tables, nft_fib_inet): {problem}";
    }

    private static IEnumerable<string> Misplaced(HostFacts facts, ForwardingTable table)
    {
        var vips = table.Services.Select(service => service.Key.Address).OfType<IPAddress>().Concat(table.Masquerade.Select(rule => rule.Address)).Distinct();
        foreach (var error in VipPlacement.Errors(vips, facts.Addresses))
            yield return error;
        foreach (var service in table.Services)
        {
            foreach (var server in service.RealServers.Where(server => IsLocal(facts, server)))
            {
                if (server.Address.Equals(IPAddress.IPv6Loopback))
                    yield return $"The real server {server.Address} of {service.Key} cannot be reached: the kernel takes packets to ::1 from nowhere but itself. Use another IPv6 address of this host.";
                else if (!IPAddress.IsLoopback(server.Address) && server.Port == 0 && service.Key.Port == 0)
                    yield return $"The real server {server.Address} of {service.Key} is this host and has no port of its own, so its answers cannot be told from the host's other traffic. Give it a port, or use 127.0.0.1.";
            }
        }
    }

    private static IEnumerable<string> Limits(HostFacts facts, int workers)
    {
        if (workers > 1 && !Has(facts, Bpf) && !Has(facts, SysAdmin))
            yield return $"This process lacks CAP_BPF, without which packets cannot be spread over workers: one works instead of {workers}.";
        else if (workers > 1 && facts.Kernel < MapsAreNotLocked && facts.LockableBytes < LockedForMaps)
            yield return $"Only {facts.LockableBytes} bytes may be locked into memory, too few to spread packets over workers: one works instead of {workers}. Raise the limit (ulimit -l; systemd: LimitMEMLOCK=infinity).";
    }

    private static IEnumerable<string> Settings(HostFacts facts, ForwardingTable table)
    {
        var forwards = facts.Setting("net/ipv4/ip_forward") == "1";
        var servers = table.Services.SelectMany(service => service.RealServers).Where(server => !IsLocal(facts, server)).ToList();
        if (!forwards && servers.Any(server => server.Method == ForwardingMethod.Nat && IsIPv4(server.Address)))
            yield return "net.ipv4.ip_forward is 0: clients are served, but NAT real servers that have this host as their gateway reach nothing else through it. Set it to 1 if they should.";
        if (facts.Setting("net/ipv6/conf/all/forwarding") == "0" && servers.Any(server => server.Method == ForwardingMethod.Nat && !IsIPv4(server.Address)))
            yield return "net.ipv6.conf.all.forwarding is 0: clients are served, but NAT real servers that have this host as their gateway reach nothing else through it. Set it to 1 if they should.";

        if (forwards && table.Services.Any(service => !service.Key.IsIPv6 && service.RealServers.Any(server => server.Method is ForwardingMethod.Direct or ForwardingMethod.Tunnel && !IsLocal(facts, server))))
        {
            string[] strict = [.. facts.Interfaces.Where(name => Filter(facts, name) == 1)];
            if (strict.Length > 0)
                yield return $"rp_filter is 1 on {string.Join(", ", strict)}: if real servers of direct routing or tunnelling have this host as their gateway, their answers (from the VIP) are dropped. Set {string.Join(" and ", strict.Select(name => $"net.ipv4.conf.{name}.rp_filter"))} to 2.";
        }

        var onLoopback = table.Services.Select(service => service.Key.Address).OfType<IPAddress>().Distinct().Where(vip => IsIPv4(vip) && facts.Addresses.Any(own => own.IsLoopback && own.Address.Equals(vip))).ToList();
        if (onLoopback.Count > 0 && facts.Setting("net/ipv4/conf/all/arp_ignore") == "0")
            yield return $"The VIP {string.Join(", ", onLoopback)} is on lo and net.ipv4.conf.all.arp_ignore is 0: this host's kernel answers ARP for it even while the director does not hold it. Set it to 1.";
        if (facts.Setting("net/ipv6/conf/all/disable_ipv6") == "1" && table.Services.Any(service => service.Key.IsIPv6))
            yield return "IPv6 is switched off (net.ipv6.conf.all.disable_ipv6 is 1), and there are IPv6 virtual services. Set it to 0.";
    }

    // The larger of both is in force (ip-sysctl.rst).
    private static int Filter(HostFacts facts, string name) => Math.Max(Number(facts, "all"), Number(facts, name));

    private static int Number(HostFacts facts, string name) => int.TryParse(facts.Setting($"net/ipv4/conf/{name}/rp_filter"), out var value) ? value : 0;

    private static bool IsLocal(HostFacts facts, RealServerSpec server) =>
        server.Method == ForwardingMethod.Local || IPAddress.IsLoopback(server.Address) || facts.Addresses.Any(own => own.Address.Equals(server.Address));

    private static bool IsIPv4(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork;

    private static bool Has(HostFacts facts, int capability) => (facts.Capabilities >> capability & 1) != 0;
}
