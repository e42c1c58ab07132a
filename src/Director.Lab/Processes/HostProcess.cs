using System.Diagnostics;
using System.Text;

namespace Director.Lab.Processes;

/// <summary>A process that runs on a host until it is stopped or ends. Disposing stops it.</summary>
public sealed class HostProcess : IDisposable
{
    private const int LongestQuote = 2000;
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly StringBuilder _error = new();

    /// <summary>Starts a process.</summary>
    /// <param name="name">What messages call it.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <exception cref="LabException">It could not be started.</exception>
    public HostProcess(string name, IEnumerable<string> command)
    {
        Name = name;
        _process = Command.Start(command);
        _process.OutputDataReceived += (_, line) => Append(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Append(_error, line.Data);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>What it is, for messages: <c>nginx on rs1</c>.</summary>
    public string Name { get; }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Its exit code once it has ended; 128 plus the signal's number when a signal ended it.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Raised for each line of standard output, on a thread of the pool.</summary>
    public event Action<string>? LineWritten;

    /// <summary>Standard output so far.</summary>
    public string Output => Read(_output);

    /// <summary>Standard error so far.</summary>
    public string Error => Read(_error);

    private string Said => (Output + Error) is { Length: > LongestQuote } text ? text[^LongestQuote..].Trim() : (Output + Error).Trim();

    /// <summary>Writes a line to its standard input.</summary>
    public void WriteLine(string line)
    {
        _process.StandardInput.WriteLine(line);
        _process.StandardInput.Flush();
    }

    /// <summary>Waits for its end.</summary>
    /// <returns>Its exit code.</returns>
    /// <exception cref="LabException">It still runs.</exception>
    public int WaitForEnd(TimeSpan within)
    {
        if (!_process.WaitForExit(within))
        {
            throw new LabException($"{Name} did not end within {within.TotalSeconds:0.#} s: {Said}");
        }

        WaitForOutput();
        return ExitCode;
    }

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    /// <exception cref="LabException">It ended, or did not become ready in time; the message has its output.</exception>
    public void WaitUntil(Func<bool> condition, TimeSpan within, string what) =>
        Eventually.Holds(
            () => condition() || (HasEnded && WaitForEnd(within) is var code
                ? throw new LabException($"{Name} ended with {code} before {what}: {Said}")
                : false),
            within,
            () => $"{Name}: {what}; it said: {Said}");

    /// <summary>Sends one of <see cref="Signals"/>, unless it has ended.</summary>
    public void Signal(int signal)
    {
        if (!HasEnded)
        {
            Signals.Send(Id, signal);
        }
    }

    /// <summary>Asks it to end (SIGTERM), and kills it when it has not after <paramref name="within"/>.</summary>
    /// <returns>Whether it ended by itself.</returns>
    public bool Stop(TimeSpan within)
    {
        Signal(Signals.Terminate);
        bool byItself = _process.WaitForExit(within);
        if (!byItself)
        {
            _process.Kill();
        }

        WaitForOutput();
        return byItself;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!HasEnded)
        {
            Stop(TimeSpan.FromSeconds(5));
        }

        // Its handle is not closed: exit code and output can still be asked for, and the lab stops again what it started.
    }

    // The last of its output; but a child that it left behind, as sshd leaves its sessions, may hold it open for ever.
    private void WaitForOutput()
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(2));
        try
        {
            _process.WaitForExitAsync(patience.Token).GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            // What it said until now has to do.
        }
    }

    private static string Read(StringBuilder text)
    {
        lock (text)
        {
            return text.ToString();
        }
    }

    private void Append(StringBuilder text, string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (text)
        {
            text.AppendLine(line);
        }

        if (text == _output)
        {
            LineWritten?.Invoke(line);
        }
    }
}
