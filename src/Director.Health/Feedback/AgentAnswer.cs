using System.Text;

namespace Director.Health.Feedback;

/// <summary>
/// What an agent says of its real server, as HAProxy's <c>agent-check</c> writes it: words between blanks and commas, in any order and case, a remark behind <c>#</c>. What it does not mention stays as
/// it was.
/// </summary>
public sealed record AgentAnswer
{
    /// <summary>The longest answer that is looked at, in bytes; what stands behind is left.</summary>
    public const int MostBytes = 1024;

    /// <summary>The highest percentage that is understood.</summary>
    public const int MostPercent = 25_600;

    private const int LongestRemark = 80;

    /// <summary><c>75%</c>: percent of the configured weight, 0 to 25,600; null: not mentioned.</summary>
    public int? Percent { get; init; }

    /// <summary><c>ready</c>, <c>drain</c>, <c>maint</c>: what the operator wants; null: not mentioned. Never <see cref="ReportedState.Down"/>.</summary>
    public ReportedState? Wanted { get; init; }

    /// <summary><c>up</c> (true), <c>down</c>, <c>fail</c>, <c>stopped</c> (false); null: not mentioned.</summary>
    public bool? IsUp { get; init; }

    /// <summary>The remark behind <c>#</c>, in one line of at most 80 printable characters; empty is none.</summary>
    public string Remark { get; init; } = "";

    /// <summary>Words that say nothing to us, <c>maxconn:30</c> not among them.</summary>
    public int UnknownWords { get; init; }

    /// <summary>Whether anything was said.</summary>
    public bool SaysSomething => Percent is not null || Wanted is not null || IsUp is not null;

    /// <summary>Reads the first line of an answer; never throws. Of words that contradict each other the last counts.</summary>
    /// <param name="answer">Bytes as they came.</param>
    public static AgentAnswer Parse(ReadOnlySpan<byte> answer)
    {
        var line = answer[..Math.Min(answer.Length, MostBytes)];
        var end = line.IndexOfAny((byte)'\r', (byte)'\n');
        line = end < 0 ? line : line[..end];
        var sharp = line.IndexOf((byte)'#');
        var result = new AgentAnswer { Remark = sharp < 0 ? "" : Printable(line[(sharp + 1)..]) };
        foreach (var word in Encoding.Latin1.GetString(sharp < 0 ? line : line[..sharp]).Split([' ', '\t', ','], StringSplitOptions.RemoveEmptyEntries))
        {
            result = result.With(word);
        }

        return result;
    }

    /// <summary>The answer as a line that <see cref="Parse"/> reads; only an end of line where nothing is said.</summary>
    public string ToLine()
    {
        var words = new List<string>();
        if (Percent is { } percent)
        {
            words.Add($"{percent}%");
        }

        if (Wanted is { } wanted)
        {
            words.Add(wanted switch { ReportedState.Drain => "drain", ReportedState.Maintenance => "maint", _ => "ready" });
        }

        if (IsUp is { } isUp)
        {
            words.Add(isUp ? "up" : "down");
        }

        if (Remark.Length > 0)
        {
            words.Add($"# {Remark}");
        }

        return $"{string.Join(' ', words)}\n";
    }

    private AgentAnswer With(string word) => word.ToLowerInvariant() switch
    {
        "ready" => this with { Wanted = ReportedState.Ready },
        "drain" => this with { Wanted = ReportedState.Drain },
        "maint" => this with { Wanted = ReportedState.Maintenance },
        "up" => this with { IsUp = true },
        "down" or "fail" or "stopped" => this with { IsUp = false },
        var other when PercentOf(other) is { } percent => this with { Percent = percent },
        // Connections that the real server wants at most: the director's upper-threshold is the configuration's.
        var other when other.StartsWith("maxconn:", StringComparison.Ordinal) && IsNumber(other["maxconn:".Length..]) => this,
        _ => this with { UnknownWords = UnknownWords + 1 },
    };

    private static int? PercentOf(string word)
    {
        if (!word.EndsWith('%') || !IsNumber(word[..^1]))
        {
            return null;
        }

        var value = 0;
        foreach (var digit in word[..^1])
        {
            value = Math.Min(MostPercent, (value * 10) + (digit - '0'));
        }

        return value;
    }

    private static bool IsNumber(string text) => text.Length > 0 && text.All(char.IsAsciiDigit);

    private static string Printable(ReadOnlySpan<byte> bytes)
    {
        var text = Encoding.ASCII.GetString(bytes).Trim();
        return new([.. text.Take(LongestRemark).Select(c => char.IsControl(c) ? '?' : c)]);
    }
}
