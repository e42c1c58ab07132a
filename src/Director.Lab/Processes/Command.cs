using System.Diagnostics;

namespace Director.Lab.Processes;

/// <summary>What a command that has ended said.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">Its standard output.</param>
/// <param name="Error">Its standard error.</param>
public sealed record CommandResult(int ExitCode, string Output, string Error);

/// <summary>Runs commands that end by themselves.</summary>
public static class Command
{
    /// <summary>Runs a command to its end.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="input">Given on standard input.</param>
    /// <param name="within">Killed when it takes longer; 60 seconds when null.</param>
    /// <exception cref="LabException">It could not be started or took too long.</exception>
    public static CommandResult Try(IEnumerable<string> command, string input = "", TimeSpan? within = null)
    {
        using Process process = Start(command);
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        try
        {
            process.StandardInput.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // The command ended without reading its input; its exit code says why.
        }

        if (!process.WaitForExit(within ?? TimeSpan.FromSeconds(60)))
        {
            process.Kill(entireProcessTree: true);
            throw new LabException($"'{string.Join(' ', command)}' did not end in time: {output.Result}{error.Result}");
        }

        return new(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Runs a command that must succeed, and returns its standard output.</summary>
    /// <exception cref="LabException">It failed; the message has what it wrote to standard error.</exception>
    public static string Run(IEnumerable<string> command, string input = "", TimeSpan? within = null)
    {
        CommandResult result = Try(command, input, within);
        return result.ExitCode == 0
            ? result.Output
            : throw new LabException($"'{string.Join(' ', command)}' failed with {result.ExitCode}: {(result.Error + result.Output).Trim()}\n{input}".Trim());
    }

    internal static Process Start(IEnumerable<string> command)
    {
        ProcessStartInfo start = new(command.First(), command.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception problem)
        {
            throw new LabException($"cannot run '{start.FileName}': {problem.Message}");
        }
    }
}
