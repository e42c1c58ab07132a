using System.ComponentModel;
using System.Diagnostics;

namespace Director.Cluster.Availability;

/// <summary>Runs an operator's command.</summary>
internal static class OperatorCommand
{
    /// <summary>Runs it with <c>sh -c</c>, and kills it with all that it started when it takes too long. What it writes goes where the director's own output goes.</summary>
    /// <param name="command">The command.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="environment">Variables that it finds besides the director's own.</param>
    /// <returns>Whether it ended with status 0, and how it ended: <c>ended with status 3</c>.</returns>
    public static (bool Succeeded, string How) Run(string command, TimeSpan patience, params ReadOnlySpan<(string Name, string Value)> environment)
    {
        ProcessStartInfo start = new("/bin/sh", ["-c", command]);
        foreach (var (name, value) in environment)
            start.Environment[name] = value;
        try
        {
            using var process = Process.Start(start)!;
            if (process.WaitForExit(patience))
                return (process.ExitCode == 0, $"ended with status {process.ExitCode}");
            process.Kill(entireProcessTree: true);
            return (false, $"was killed: it did not end within {patience.TotalSeconds} s");
        }
        catch (Exception error) when (error is Win32Exception or InvalidOperationException)
        {
            return (false, $"cannot run: {error.Message}");
        }
    }
}
