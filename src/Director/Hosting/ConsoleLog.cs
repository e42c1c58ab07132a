using System.Globalization;

namespace Director.Hosting;

/// <summary>How grave an event is.</summary>
internal enum LogLevel
{
    /// <summary>For who looks for a defect.</summary>
    Debug,

    /// <summary>What happened.</summary>
    Information,

    /// <summary>The director goes on, but somebody should look.</summary>
    Warning,

    /// <summary>Something that was asked for is not done.</summary>
    Error,
}

/// <summary>How lines look.</summary>
internal enum LogStyle
{
    /// <summary>Time, level, text.</summary>
    Plain,

    /// <summary>As <see cref="Plain"/>, the level in colour.</summary>
    Colour,

    /// <summary>The level as a number in angle brackets (sd-daemon(3)): the journal knows the time.</summary>
    Journal,
}

/// <summary>Logs to the console, a line an event. Any thread may write.</summary>
internal sealed class ConsoleLog(TextWriter output, LogStyle style, TimeProvider clock)
{
    private readonly Lock _lock = new();

    /// <summary>To standard output, in the style that what reads it understands.</summary>
    public static ConsoleLog Standard()
    {
        bool isColour = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("NO_COLOR") is null or "";
        // systemd sets it for a service whose output goes to the journal.
        bool isJournal = Console.IsOutputRedirected && Environment.GetEnvironmentVariable("JOURNAL_STREAM") is { Length: > 0 };
        return new(Console.Out, isJournal ? LogStyle.Journal : isColour ? LogStyle.Colour : LogStyle.Plain, TimeProvider.System);
    }

    /// <summary>Writes a line whose level stands before it: <c>warning: eth0 is down</c>. Without one it is information.</summary>
    public void Write(string line)
    {
        (LogLevel level, int text) = line switch
        {
            _ when line.StartsWith("debug: ", StringComparison.Ordinal) => (LogLevel.Debug, "debug: ".Length),
            _ when line.StartsWith("warning: ", StringComparison.Ordinal) => (LogLevel.Warning, "warning: ".Length),
            _ when line.StartsWith("error: ", StringComparison.Ordinal) => (LogLevel.Error, "error: ".Length),
            _ => (LogLevel.Information, 0),
        };
        Write(level, line[text..]);
    }

    /// <summary>Writes a line.</summary>
    public void Write(LogLevel level, string text)
    {
        (string name, int colour, int priority) = level switch
        {
            LogLevel.Debug => ("debug", 90, 7),
            LogLevel.Information => ("info ", 32, 6),
            LogLevel.Warning => ("warn ", 33, 4),
            _ => ("error", 31, 3),
        };
        string time = clock.GetUtcNow().ToString("yyyy-MM-ddTHH:mm:ss.fffZ", CultureInfo.InvariantCulture);
        string line = style switch
        {
            LogStyle.Journal => $"<{priority}>{text}",
            LogStyle.Colour => $"{time} \u001b[{colour}m{name}\u001b[0m {text}",
            _ => $"{time} {name} {text}",
        };
        lock (_lock)
        {
            output.WriteLine(line.ReplaceLineEndings(" "));
            output.Flush();
        }
    }
}
