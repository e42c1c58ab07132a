using System.Runtime.InteropServices;

namespace Director.Lab;

/// <summary>What this machine must have for a lab.</summary>
public static class Requirements
{
    private static readonly string[] _pcapNames = ["libpcap.so.0.8", "libpcap.so.1", "libpcap.so"];

    /// <summary>What is missing and how to get it, in one line; null when nothing is.</summary>
    /// <param name="programs">Programs that are needed beside <c>ip</c>.</param>
    public static string? Missing(params IEnumerable<string> programs)
    {
        if (!OperatingSystem.IsLinux())
        {
            return "network namespaces need Linux";
        }

        if (!Environment.IsPrivilegedProcess)
        {
            return "network namespaces need root: run it with sudo";
        }

        string[] missing = [.. programs.Prepend("ip").Where(program => !IsInstalled(program))];
        return missing.Length > 0
            ? $"not installed: {string.Join(", ", missing)} (Debian: apt-get install {string.Join(' ', missing.Select(Package).Distinct())})"
            : _pcapNames.Any(name => NativeLibrary.TryLoad(name, out _)) ? null : "not installed: libpcap (Debian: apt-get install libpcap0.8)";
    }

    private static bool IsInstalled(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Any(folder => File.Exists(Path.Combine(folder, program)));

    private static string Package(string program) => program switch
    {
        "ip" => "iproute2",
        "nft" => "nftables",
        "nginx" => "nginx-light",
        "named" => "bind9",
        "dig" => "bind9-dnsutils",
        "ssh" or "ssh-keygen" => "openssh-client",
        "sshd" => "openssh-server",
        _ => program,
    };
}
