using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Director.Forwarding.Kernel;

/// <summary>What <see cref="HostProbe"/> judges by.</summary>
public sealed record HostFacts
{
    /// <summary>The effective capabilities, a bit each (capabilities(7)).</summary>
    public ulong Capabilities { get; init; }

    /// <summary>Whether libpcap can be loaded.</summary>
    public bool HasLibpcap { get; init; }

    /// <summary>Whether <c>nft</c> is there.</summary>
    public bool HasNft { get; init; }

    /// <summary>Whether <c>ip</c> is there.</summary>
    public bool HasIp { get; init; }

    /// <summary>Whether /dev/net/tun can be opened.</summary>
    public bool HasTun { get; init; }

    /// <summary>Why the kernel refuses the rules that are needed; null: it takes them, or was not asked.</summary>
    public string? RulesProblem { get; init; }

    /// <summary>Bytes that the process may lock into memory.</summary>
    public ulong LockableBytes { get; init; } = ulong.MaxValue;

    /// <summary>The kernel's version.</summary>
    public Version Kernel { get; init; } = new(6, 0);

    /// <summary>Addresses of the host.</summary>
    public IReadOnlyCollection<HostAddress> Addresses { get; init; } = [];

    /// <summary>Interfaces that packets are taken from.</summary>
    public ImmutableArray<string> Interfaces { get; init; } = [];

    /// <summary>Gives a sysctl by its name below /proc/sys, or null.</summary>
    public Func<string, string?> Setting { get; init; } = _ => null;

    /// <summary>Reads them.</summary>
    /// <param name="host">The host.</param>
    /// <param name="interfaces">Interfaces that packets are taken from.</param>
    public static HostFacts Read(IHostSystem host, IEnumerable<string> interfaces)
    {
        const int NoSuchCommand = 127;
        var hasNft = host.Run("nft", ["--version"]).ExitCode != NoSuchCommand;
        var rules = hasNft ? host.Run("nft", ["--check", "-f", "-"], GuardRules.Whole(new(), [])) : default;
        return new()
        {
            Capabilities = ulong.Parse(Field("/proc/self/status", "CapEff:"), NumberStyles.HexNumber, CultureInfo.InvariantCulture),
            HasLibpcap = CanLoad("libpcap.so.1") || CanLoad("libpcap.so.0.8"),
            HasNft = hasNft,
            HasIp = host.Run("ip", ["-Version"]).ExitCode != NoSuchCommand,
            HasTun = CanOpen("/dev/net/tun"),
            RulesProblem = rules.ExitCode == 0 ? null : rules.Errors.Split('\n')[0],
            LockableBytes = ulong.TryParse(Field("/proc/self/limits", "Max locked memory").Split(' ')[0], CultureInfo.InvariantCulture, out var bytes) ? bytes : ulong.MaxValue,
            Kernel = Environment.OSVersion.Version,
            Addresses = HostAddress.ReadAll(),
            Interfaces = [.. interfaces],
            Setting = host.ReadSetting,
        };
    }

    private static string Field(string file, string name) =>
        File.ReadLines(file).First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Trim();

    private static bool CanLoad(string library)
    {
        if (!NativeLibrary.TryLoad(library, out var handle))
            return false;
        NativeLibrary.Free(handle);
        return true;
    }

    private static bool CanOpen(string device)
    {
        try
        {
            File.OpenHandle(device, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
