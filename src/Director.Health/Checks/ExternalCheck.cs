using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Director.Health.Checks;

/// <summary>
/// What a command says (ldirectord's <c>checktype = external</c>, keepalived's <c>MISC_CHECK</c>): status 0 is up. <c>sh -c</c> runs it in a session of its own; when the check ends, however it
/// ends, all that is left of its process group is killed.
/// </summary>
public sealed partial record ExternalCheck(CheckTarget Target, string Command) : HealthCheck(Target)
{
    /// <summary>Most that a command may write, in bytes; one that writes more is killed.</summary>
    public const int LongestOutput = 1024 * 1024;

    private const int Kill = 9;

    // A command that eats the host's memory is killed before the director is.
    private const string FirstVictim = "echo 1000 2>/dev/null >/proc/self/oom_score_adj\n";

    // What is left of a line, beside its end.
    private static readonly TimeSpan s_lastWords = TimeSpan.FromMilliseconds(200);

    /// <summary>Address of the virtual service, <c>fwmark</c> behind a mark: the command's $1 and DIRECTOR_VIP.</summary>
    public string Vip { get; init; } = "";

    /// <summary>Port of the virtual service, or its mark: $2 and DIRECTOR_VPORT. $3 and $4, DIRECTOR_RIP and DIRECTOR_RPORT, are the target's.</summary>
    public uint VirtualPort { get; init; }

    /// <summary>Whether status 2 to 255 is up too, with a share of the weight of status less 2 in percent, at most 100 (keepalived's <c>misc_dynamic</c>).</summary>
    public bool Dynamic { get; init; }

    /// <inheritdoc/>
    public override string Type => "external";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        string[] arguments = [Vip, $"{VirtualPort}", $"{Target.Address}", $"{Target.Port}"];
        var start = new ProcessStartInfo("setsid", ["sh", "-c", FirstVictim + Command, "director-check", .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in new[] { "VIP", "VPORT", "RIP", "RPORT" }.Zip(arguments))
        {
            start.Environment["DIRECTOR_" + name] = value;
        }

        using var process = Process.Start(start)!;
        // setsid made it the leader of a group of its own number. It may be a moment before it does.
        using var end = cancellation.Register(() => KillAll(process));
        process.StandardInput.Close();
        var output = new Output(() => KillAll(process));
        using var silence = new CancellationTokenSource();
        var read = Task.WhenAll(output.Read(process.StandardOutput.BaseStream, silence.Token), output.Read(process.StandardError.BaseStream, silence.Token));
        try
        {
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            KillAll(process);
            // Who left the group may hold the pipes open for ever.
            silence.CancelAfter(s_lastWords);
            await read.ConfigureAwait(false);
        }

        return output.IsOverrun ? CheckAnswer.Fail($"wrote more than {LongestOutput >> 20} MB and was killed") : Judge(process.ExitCode, output.LastLine);
    }

    private CheckAnswer Judge(int status, string lastLine)
    {
        // POSIX sh, section 2.8.2: 126 and 127 say that there is no such command.
        const int whole = 100, offset = 2, notExecutable = 126, notFound = 127;
        var detail = lastLine.Length > 0 ? $"status {status}: {Expectation.InLine(lastLine)}" : $"status {status}";
        return status switch
        {
            0 => CheckAnswer.Pass(detail),
            notExecutable or notFound => CheckAnswer.Broken(detail),
            >= offset when Dynamic => CheckAnswer.Pass(detail) with { Percent = Math.Min(status - offset, whole) },
            _ => CheckAnswer.Fail(detail),
        };
    }

    private static void KillAll(Process process)
    {
        if (kill(-process.Id, Kill) == 0)
        {
            return;
        }

        try
        {
            process.Kill();
        }
        catch (InvalidOperationException)
        {
            // It has ended, and its group with it.
        }
    }

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);

    /// <summary>Keeps the last line of what a command writes.</summary>
    private sealed class Output(Action overrun)
    {
        private const int Kept = 4096;

        private readonly Lock _gate = new();
        private readonly List<byte> _end = [];
        private int _total;

        public bool IsOverrun { get; private set; }

        public string LastLine => Encoding.UTF8.GetString([.. _end]).Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).LastOrDefault("");

        public async Task Read(Stream stream, CancellationToken silence)
        {
            try
            {
                var buffer = new byte[Kept];
                while (await stream.ReadAsync(buffer, silence).ConfigureAwait(false) is > 0 and var length && Add(buffer.AsSpan(0, length)))
                {
                }
            }
            catch (Exception error) when (error is OperationCanceledException or IOException or ObjectDisposedException)
            {
                // Enough.
            }
        }

        private bool Add(ReadOnlySpan<byte> text)
        {
            lock (_gate)
            {
                _end.AddRange(text);
                _end.RemoveRange(0, Math.Max(0, _end.Count - Kept));
                _total += text.Length;
                if (_total <= LongestOutput)
                {
                    return true;
                }

                IsOverrun = true;
            }

            overrun();
            return false;
        }
    }
}
