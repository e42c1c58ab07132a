using System.ComponentModel;
using System.Diagnostics;

namespace Director.Forwarding.Kernel;

/// <summary>This host, in the network namespace of the calling thread.</summary>
public sealed class HostSystem : IHostSystem
{
    private const int NoSuchCommand = 127;

    /// <inheritdoc/>
    public CommandResult Run(string command, IReadOnlyList<string> arguments, string input = "")
    {
        var start = new ProcessStartInfo(Locate(command), arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["LC_ALL"] = "C";
        try
        {
            using var process = Process.Start(start)!;
            var output = process.StandardOutput.ReadToEndAsync();
            var errors = process.StandardError.ReadToEndAsync();
            try
            {
                process.StandardInput.Write(input);
                process.StandardInput.Close();
            }
            catch (IOException)
            {
                // It ended without reading everything; its exit code says why.
            }
            process.WaitForExit();
            return new(process.ExitCode, output.GetAwaiter().GetResult(), errors.GetAwaiter().GetResult());
        }
        catch (Win32Exception e)
        {
            return new(NoSuchCommand, "", $"{command}: {e.Message}");
        }
    }

    /// <inheritdoc/>
    public string? ReadSetting(string name)
    {
        try
        {
            return File.ReadAllText(Path.Combine("/proc/sys", name)).TrimEnd('\n');
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void WriteSetting(string name, string value) => File.WriteAllText(Path.Combine("/proc/sys", name), value);

    // The PATH of an ordinary user lacks the folders of nft and ip.
    private static string Locate(string command) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"]).Select(folder => Path.Combine(folder, command)).FirstOrDefault(File.Exists) ?? command;
}
