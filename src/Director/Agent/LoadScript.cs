using System.Diagnostics;
using System.Globalization;
using System.Text;
using Director.Health.Feedback;

namespace Director.Agent;

/// <summary>A command that says how loaded the real server is.</summary>
internal static class LoadScript
{
    /// <summary>Runs it.</summary>
    /// <returns>What it says, or null and why it says nothing.</returns>
    public static async Task<(AgentAnswer? Answer, string Failure)> Run(string command, TimeSpan timeout, CancellationToken stop)
    {
        using Process process = new() { StartInfo = new("/bin/sh", ["-c", command]) { RedirectStandardInput = true, RedirectStandardOutput = true } };
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(stop);
        late.CancelAfter(timeout);
        try
        {
            process.Start();
            process.StandardInput.Close();
            byte[] output = new byte[AgentAnswer.MostBytes];
            int length = await process.StandardOutput.BaseStream.ReadAtLeastAsync(output, output.Length, throwOnEndOfStream: false, late.Token);
            if (length == output.Length)
                return (null, $"printed {AgentAnswer.MostBytes} bytes and more; one line is enough");
            await process.WaitForExitAsync(late.Token);
            return process.ExitCode != 0 ? (null, $"ended with {process.ExitCode}")
                : Parse(output.AsSpan(0, length)) is { } answer ? (answer, "")
                : (null, "printed neither a load from 0 to 100 nor words of an agent");
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return (null, $"did not end within {timeout.TotalSeconds:0.###} s");
        }
        finally
        {
            End(process);
        }
    }

    /// <summary>A load from 0 to 100, or words as HAProxy's agents say them; null where it is neither.</summary>
    public static AgentAnswer? Parse(ReadOnlySpan<byte> output)
    {
        string line = Encoding.Latin1.GetString(output).TrimStart().Split('\n', 2)[0].Trim();
        if (double.TryParse(line, NumberStyles.AllowDecimalPoint | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out double load))
            return load is >= 0 and <= 100 ? new() { Percent = AgentLoad.Percent(load) } : null;
        AgentAnswer answer = AgentAnswer.Parse(output);
        return answer is { SaysSomething: true, UnknownWords: 0 } ? answer : null;
    }

    private static void End(Process process)
    {
        try
        {
            process.Kill(entireProcessTree: true);
        }
        catch (Exception gone) when (gone is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // It has ended, or never began.
        }
    }
}
