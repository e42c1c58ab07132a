using System.Collections.Immutable;

namespace Director.Forwarding.Kernel;

/// <summary>
/// Keeps the host's kernel off the traffic that the director forwards, and sets up the TUN device through which packets are given to the kernel: those that are not the director's after all, and those
/// for services on this host. Not thread-safe.
/// </summary>
internal sealed class KernelGuard
{
    private readonly IHostSystem _host;
    private readonly string _tun;
    private readonly Func<IReadOnlyCollection<HostAddress>> _addresses;
    private readonly bool[] _families;
    private readonly RulesetWatch? _watch;
    private HiddenTraffic _traffic = new();
    private ImmutableHashSet<string> _redirects = [];

    private KernelGuard(IHostSystem host, string tun, Func<IReadOnlyCollection<HostAddress>> addresses, RulesetWatch? watch)
    {
        _watch = watch;
        _host = host;
        _tun = tun;
        _addresses = addresses;
        _families = host.ReadSetting("net/ipv6/conf/all/forwarding") is null ? [false] : [false, true];
    }

    /// <summary>Sets everything up, and takes over what a killed director left. Nothing is hidden yet.</summary>
    /// <param name="host">The host.</param>
    /// <param name="tun">Name of the TUN device, which exists.</param>
    /// <param name="addresses">Gives the host's addresses; null: <see cref="HostAddress.ReadAll"/>.</param>
    /// <param name="watch">Says when <see cref="Restore"/> has to look; it is disposed with the guard. Null: always.</param>
    /// <exception cref="KernelGuardException">The host refuses.</exception>
    public static KernelGuard Start(IHostSystem host, string tun, Func<IReadOnlyCollection<HostAddress>>? addresses = null, RulesetWatch? watch = null)
    {
        var guard = new KernelGuard(host, tun, addresses ?? HostAddress.ReadAll, watch);
        try
        {
            guard.Start();
            return guard;
        }
        catch (KernelGuardException)
        {
            guard.Stop();
            throw;
        }
    }

    /// <summary>Hides what the traffic says and no more, at once or, when it throws, not at all.</summary>
    /// <exception cref="KernelGuardException">A VIP is on one of the host's NICs, or the host refuses.</exception>
    public void Apply(HiddenTraffic traffic)
    {
        if (VipPlacement.Errors(traffic.Vips.Union(traffic.Served), _addresses()).ToList() is { Count: > 0 } errors)
            throw new KernelGuardException(string.Join(' ', errors));

        string[] redirectingNow = [.. traffic.Interfaces.Append("all").Where(name => _host.ReadSetting(SendRedirects(name)) == "1")];
        var redirects = _redirects.Union(redirectingNow);
        var change = GuardRules.Change(_traffic, _redirects, traffic, redirects);
        // Who reloads the host's firewall may have flushed our table along with the rest; then it is written anew.
        if (change.Length > 0 && Nft(change).ExitCode != 0)
            WriteWhole(traffic, redirects);
        var before = _traffic;
        (_traffic, _redirects) = (traffic, redirects);
        try
        {
            foreach (var name in redirectingNow)
                Set(SendRedirects(name), "0");
            FollowLocalPorts(before.LocalPorts, traffic.LocalPorts);
        }
        catch (KernelGuardException)
        {
            PutBack(before);
            throw;
        }
    }

    private void PutBack(HiddenTraffic before)
    {
        RemoveRoutes();
        foreach (var isIPv6 in _families)
            _host.Run("ip", [TunRoutes.Family(isIPv6), "-batch", "-"], TunRoutes.SetUp(_tun, isIPv6) + TunRoutes.Change([], before.LocalPorts, isIPv6));
        Nft(GuardRules.Change(_traffic, _redirects, before, _redirects));
        _traffic = before;
    }

    /// <summary>Writes the table again if it is gone because somebody flushed the ruleset. To be called every few seconds.</summary>
    /// <exception cref="KernelGuardException">The host refuses.</exception>
    public void Restore()
    {
        if (_watch is not null && !_watch.HasDeletion())
            return;
        if (Nft("", "list", "chain", "inet", "director", "prerouting").ExitCode != 0)
            WriteWhole(_traffic, _redirects);
    }

    /// <summary>Removes all that was set up and restores what was changed. Does what it can, and never throws.</summary>
    public void Stop()
    {
        foreach (var name in _redirects.Where(name => _host.ReadSetting(SendRedirects(name)) == "0"))
        {
            try
            {
                Set(SendRedirects(name), "1");
            }
            catch (KernelGuardException)
            {
                // The interface is going.
            }
        }
        RemoveRoutes();
        if (_host.ReadSetting($"net/ipv4/conf/{_tun}/rp_filter") is not null)
            _host.Run("ip", ["-batch", "-"], $"link set dev {_tun} down\naddress flush dev {_tun}\n");
        RemoveGateways();
        Nft("", "delete", "table", "inet", "director");
        _watch?.Dispose();
    }

    private void Start()
    {
        if (_host.ReadSetting($"net/ipv4/conf/{_tun}/rp_filter") is null)
            throw new KernelGuardException($"There is no device {_tun}.");

        var left = Nft("", "list", "set", "inet", "director", GuardRules.RedirectsSet);
        if (left.ExitCode == 0)
            _redirects = GuardRules.ReadRedirects(left.Output);
        RemoveGateways();
        WriteWhole(_traffic, _redirects);

        foreach (var (name, value) in TunRoutes.Settings(_tun))
        {
            if (_host.ReadSetting(name) is { } old && old != value)
                Set(name, value);
        }
        SetUpRoutes([]);
    }

    private void RemoveGateways()
    {
        if (!_traffic.Gateways.IsEmpty || Nft("", "list", "table", "netdev", "director").ExitCode == 0)
            Nft("", "delete", "table", "netdev", "director");
    }

    private void FollowLocalPorts(ImmutableHashSet<ServerPort> from, ImmutableHashSet<ServerPort> to)
    {
        foreach (var isIPv6 in _families)
        {
            // Somebody may have flushed the rules; then all of them are written anew.
            if (TunRoutes.Change(from, to, isIPv6) is { Length: > 0 } change && _host.Run("ip", [TunRoutes.Family(isIPv6), "-batch", "-"], change).ExitCode != 0)
            {
                SetUpRoutes(to);
                return;
            }
        }
    }

    private void SetUpRoutes(ImmutableHashSet<ServerPort> ports)
    {
        RemoveRoutes();
        foreach (var isIPv6 in _families)
            Ip(isIPv6, TunRoutes.SetUp(_tun, isIPv6) + TunRoutes.Change([], ports, isIPv6));
    }

    private void RemoveRoutes()
    {
        // A table that does not exist is an error to ip, and what we want.
        foreach (var arguments in _families.SelectMany(isIPv6 => TunRoutes.Removal(isIPv6)))
            _host.Run("ip", arguments);
    }

    private void WriteWhole(HiddenTraffic traffic, ImmutableHashSet<string> redirects)
    {
        var result = Nft(GuardRules.Whole(traffic, redirects));
        if (result.ExitCode != 0)
            throw new KernelGuardException($"nftables refuses the rules that keep the kernel off forwarded connections: {FirstLine(result.Errors)}");
    }

    private void Set(string name, string value)
    {
        try
        {
            _host.WriteSetting(name, value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new KernelGuardException($"The sysctl {name.Replace('/', '.')} cannot be set to {value}: {e.Message} (a container needs /proc/sys/net to be writable.)");
        }
    }

    private CommandResult Nft(string input, params string[] arguments) => _host.Run("nft", arguments.Length == 0 ? ["-f", "-"] : arguments, input);

    private void Ip(bool isIPv6, string lines)
    {
        var result = _host.Run("ip", [TunRoutes.Family(isIPv6), "-batch", "-"], lines);
        if (result.ExitCode != 0)
            throw new KernelGuardException($"The routes through {_tun} cannot be set: {FirstLine(result.Errors)}");
    }

    private static string FirstLine(string errors) => errors.Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault("no reason given").Trim();

    private static string SendRedirects(string name) => $"net/ipv4/conf/{name}/send_redirects";
}
