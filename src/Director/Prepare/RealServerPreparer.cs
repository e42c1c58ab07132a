using System.Net;
using Director.Forwarding.Kernel;

namespace Director.Prepare;

/// <summary><c>director prepare</c>: prints what a real server needs, or sets it.</summary>
internal static class RealServerPreparer
{
    /// <summary>Prints or sets.</summary>
    /// <param name="options">What.</param>
    /// <param name="output">Gets a line for each step.</param>
    /// <param name="cancellation">Ends it between two steps.</param>
    /// <param name="host">The host; null: this one.</param>
    /// <param name="addresses">Its addresses; null: read.</param>
    /// <returns>Exit status: 0.</returns>
    /// <exception cref="OperatorException">A step failed; those before it stay done, and may be repeated.</exception>
    public static async Task<int> RunAsync(
        PrepareOptions options, TextWriter output, CancellationToken cancellation, IHostSystem? host = null, IReadOnlyCollection<HostAddress>? addresses = null)
    {
        host ??= new HostSystem();
        addresses ??= HostAddress.ReadAll();
        Validate(options, addresses);
        foreach (var step in Preparation.Steps(options, addresses))
        {
            cancellation.ThrowIfCancellationRequested();
            await output.WriteLineAsync($"{step,-66} # {step.Reason}");
            if (options.Apply)
                Take(step, options, host);
        }
        if (!options.Apply)
            await output.WriteLineAsync("# Nothing was changed. --apply does it.");
        else if (!options.Undo)
            await output.WriteLineAsync("# Done, until the next boot: run this again then, or put it into the host's own network configuration.");
        return ExitCode.Ok;
    }

    private static void Validate(PrepareOptions options, IReadOnlyCollection<HostAddress> addresses)
    {
        if (options.Vips.IsEmpty)
            throw new OperatorException("No VIP is given.", ExitCode.Usage);
        if (options.Vips.FirstOrDefault(vip => IPAddress.IsLoopback(vip) || vip.Equals(IPAddress.Any) || vip.Equals(IPAddress.IPv6Any) || vip.IsIPv6Multicast || vip.IsIPv6LinkLocal) is { } wrong)
            throw new OperatorException($"{wrong} cannot be a VIP.", ExitCode.Usage);
        if (!options.Undo && VipPlacement.Errors(options.Vips, [.. addresses.Where(own => own.PrefixLength is not (32 or 128))]).FirstOrDefault() is { } error)
            throw new OperatorException(error);
    }

    private static void Take(PreparationStep step, PrepareOptions options, IHostSystem host)
    {
        if (step.Setting is { } name)
        {
            if (host.ReadSetting(name) == step.Value)
                return;
            try
            {
                host.WriteSetting(name, step.Value);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                throw new OperatorException($"{step}: {e.Message}");
            }
            return;
        }
        // A tunnel that is built into the kernel needs no module.
        if (step.Command[0] == "modprobe" && HasTunnel(step.Command[1], host))
            return;
        var result = host.Run(step.Command[0], [.. step.Command.Skip(1)]);
        if (result.ExitCode == 0 || (step.Harmless is { } harmless && result.Errors.Contains(harmless, StringComparison.Ordinal)))
            return;
        if (step.Command[0] == "modprobe")
        {
            throw new OperatorException(
                $"This kernel has no {step.Command[1]} tunnel. Let the director's own program take the packets out: director decapsulate {string.Join(' ', options.Vips.Select(vip => $"--vip {vip}"))}");
        }
        throw new OperatorException($"{step}: {result.Errors.Split('\n')[0]}");
    }

    private static bool HasTunnel(string module, IHostSystem host)
    {
        var device = module switch
        {
            "ipip" => "tunl0",
            "sit" => "sit0",
            _ => "ip6tnl0",
        };
        return host.ReadSetting($"net/ipv4/conf/{device}/rp_filter") is not null;
    }
}
