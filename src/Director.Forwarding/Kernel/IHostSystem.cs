namespace Director.Forwarding.Kernel;

/// <summary>What a command did.</summary>
/// <param name="ExitCode">0 is success; 127 when there is no such command.</param>
/// <param name="Output">What it wrote.</param>
/// <param name="Errors">What it wrote to standard error.</param>
public readonly record struct CommandResult(int ExitCode, string Output, string Errors);

/// <summary>The host as far as it is changed: by commands and by sysctls. The whole of it can be faked in a test.</summary>
public interface IHostSystem
{
    /// <summary>Runs a command to its end.</summary>
    /// <param name="command">Its name, looked up in PATH, /usr/sbin and /sbin.</param>
    /// <param name="arguments">Its arguments, one by one.</param>
    /// <param name="input">What it reads from standard input.</param>
    CommandResult Run(string command, IReadOnlyList<string> arguments, string input = "");

    /// <summary>The value of a sysctl without the line's end, or null when there is none of that name.</summary>
    /// <param name="name">As below /proc/sys: <c>net/ipv4/ip_forward</c>.</param>
    string? ReadSetting(string name);

    /// <summary>Sets a sysctl.</summary>
    /// <param name="name">As below /proc/sys.</param>
    /// <param name="value">Its value.</param>
    /// <exception cref="IOException">There is none of that name, or the kernel refuses the value.</exception>
    /// <exception cref="UnauthorizedAccessException">Not allowed.</exception>
    void WriteSetting(string name, string value);
}
