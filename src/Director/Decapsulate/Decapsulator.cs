using System.Net.Sockets;
using Director.Forwarding.Kernel;

namespace Director.Decapsulate;

/// <summary>
/// <c>director decapsulate</c>: takes packets out of the tunnel on a real server whose kernel has no ipip device. They go into a TUN device that has the VIPs as addresses, from which the kernel delivers
/// them to its services; the answers leave as they always do.
/// </summary>
internal static class Decapsulator
{
    private const byte IpInIp = 4, IPv6InIp = 41, Udp = 17, Gre = 47;
    private const int Mtu = 1500;

    /// <summary>Works until it is cancelled, then removes its device.</summary>
    /// <param name="options">What to take.</param>
    /// <param name="output">Gets a line when it is ready, and the counts at the end.</param>
    /// <param name="cancellation">Ends it.</param>
    /// <param name="host">The host; null: this one.</param>
    /// <returns>Exit status: 0.</returns>
    /// <exception cref="OperatorException">It cannot be set up.</exception>
    public static async Task<int> RunAsync(DecapsulateOptions options, TextWriter output, CancellationToken cancellation, IHostSystem? host = null)
    {
        host ??= new HostSystem();
        Validate(options);
        using var device = new TunDevice(options.Device);
        SetUp(options, host);
        List<TunnelSocket> sockets = [];
        try
        {
            AddressFamily[] families = Socket.OSSupportsIPv6 ? [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6] : [AddressFamily.InterNetwork];
            foreach (var family in families)
            {
                if (options.Vips.Any(vip => vip.AddressFamily == AddressFamily.InterNetwork))
                    sockets.Add(new(family, IpInIp, Encapsulation.Ip, options, device, Mtu));
                if (options.Vips.Any(vip => vip.AddressFamily == AddressFamily.InterNetworkV6))
                    sockets.Add(new(family, IPv6InIp, Encapsulation.Ip, options, device, Mtu));
                if (options.Gre)
                    sockets.Add(new(family, Gre, Encapsulation.Gre, options, device, Mtu));
                if (options.GuePort != 0)
                    sockets.Add(new(family, Udp, Encapsulation.Gue, options, device, Mtu));
            }
            foreach (var socket in sockets)
                socket.Start();

            foreach (var warning in Warnings(options, host))
                await output.WriteLineAsync(warning);
            await output.WriteLineAsync($"Taking packets for {string.Join(", ", options.Vips)} out of tunnels, through {options.Device}. Ctrl-C ends it.");
            await output.FlushAsync(CancellationToken.None);
            await Task.Delay(Timeout.Infinite, cancellation).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        finally
        {
            sockets.ForEach(socket => socket.Dispose());
        }
        await output.WriteLineAsync(string.Join(", ", Enum.GetValues<Verdict>().Select(verdict => $"{Name(verdict)} {sockets.Sum(socket => socket.Count(verdict))}")));
        return ExitCode.Ok;
    }

    /// <summary>Settings of the host that would break what it is for.</summary>
    internal static IEnumerable<string> Warnings(DecapsulateOptions options, IHostSystem host)
    {
        if (options.Vips.Any(vip => vip.AddressFamily == AddressFamily.InterNetwork) && host.ReadSetting("net/ipv4/conf/all/arp_ignore") is null or "0")
            yield return "Warning: net.ipv4.conf.all.arp_ignore is 0, so this host answers ARP for the VIP and takes it from the director. Set it to 1 and net.ipv4.conf.all.arp_announce to 2.";
        if (host.ReadSetting("net/ipv4/conf/tunl0/rp_filter") is not null)
            yield return "Warning: this kernel has an ipip device (tunl0), which answers the director with ICMP errors while it is down. Use it instead (director prepare), or remove it (modprobe -r ipip).";
    }

    private static void Validate(DecapsulateOptions options)
    {
        if (options.Vips.IsEmpty)
            throw new OperatorException("No VIP is given: --vip ADDRESS.", ExitCode.Usage);
        if (options.Device.Length is 0 or > TunDevice.MaximumNameLength || options.Device.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_' or '.')))
            throw new OperatorException($"'{options.Device}' is no name for a device: 1 to {TunDevice.MaximumNameLength} letters, digits, '-', '_' and '.'.", ExitCode.Usage);
    }

    private static void SetUp(DecapsulateOptions options, IHostSystem host)
    {
        // Loose: clients are everywhere but behind this device.
        Set(host, $"net/ipv4/conf/{options.Device}/rp_filter", "2");
        if (host.ReadSetting($"net/ipv6/conf/{options.Device}/addr_gen_mode") is not null)
        {
            Set(host, $"net/ipv6/conf/{options.Device}/addr_gen_mode", "1");
            Set(host, $"net/ipv6/conf/{options.Device}/accept_ra", "0");
        }
        // On the device itself the VIPs go with it. Their scope, and an outlived preference, keep the kernel from opening connections from them.
        var lines = string.Concat(options.Vips.Distinct().Select(vip => vip.AddressFamily == AddressFamily.InterNetwork
            ? $"address add {vip}/32 dev {options.Device} scope host\n"
            : $"address add {vip}/128 dev {options.Device} nodad preferred_lft 0\n"));
        var result = host.Run("ip", ["-batch", "-"], $"{lines}link set dev {options.Device} mtu {Mtu} up\n");
        if (result.ExitCode != 0)
            throw new OperatorException($"The device {options.Device} cannot be set up: {result.Errors.Split('\n')[0]}");
    }

    private static void Set(IHostSystem host, string name, string value)
    {
        try
        {
            host.WriteSetting(name, value);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException($"The sysctl {name.Replace('/', '.')} cannot be set to {value}: {e.Message}");
        }
    }

    private static string Name(Verdict verdict) => verdict switch
    {
        Verdict.Delivered => "delivered",
        Verdict.Malformed => "malformed",
        Verdict.Unsupported => "unsupported",
        Verdict.Nested => "encapsulated twice",
        Verdict.NotForVip => "not for a VIP",
        Verdict.NotFromDirector => "not from a director",
        _ => "refused by the device",
    };
}
