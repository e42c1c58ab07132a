using System.Text;
using System.Text.RegularExpressions;

namespace Director.Health.Checks;

/// <summary>Whether an answer is the one that was expected, by regular expressions.</summary>
internal static class Expectation
{
    /// <summary>Most of an answer that is read, in bytes.</summary>
    public const int LongestAnswer = 64 * 1024;

    // An expression that backtracks without end must not outlive its check.
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    /// <summary>Judges an answer.</summary>
    /// <param name="answer">What came.</param>
    /// <param name="receive">What it must match; empty matches all.</param>
    /// <param name="receiveNot">What it must not match; empty is nothing.</param>
    /// <param name="passed">What a check that passes says.</param>
    public static CheckAnswer Judge(string answer, string receive, string receiveNot, string passed)
    {
        if (receive.Length > 0 && !Matches(answer, receive))
        {
            return CheckAnswer.Fail(answer.Length == 0 ? $"empty answer, expected {receive}" : $"answer {Shown(answer)} does not match {receive}");
        }

        return receiveNot.Length > 0 && Matches(answer, receiveNot) ? CheckAnswer.Fail($"answer {Shown(answer)} matches {receiveNot}") : CheckAnswer.Pass(passed);
    }

    /// <summary>Whether a text matches an expression.</summary>
    /// <exception cref="IOException">It takes too long to find out.</exception>
    public static bool Matches(string text, string expression)
    {
        try
        {
            return Regex.IsMatch(text, expression, RegexOptions.CultureInvariant, s_patience);
        }
        catch (RegexMatchTimeoutException)
        {
            throw new IOException($"the expression {expression} takes too long on this answer");
        }
    }

    /// <summary>The beginning of a text that came from outside, in quotes and fit for a line.</summary>
    public static string Shown(string text) => $"\"{InLine(text)}\"";

    /// <summary>The same without quotes.</summary>
    public static string InLine(string text)
    {
        const int most = 80;
        var line = new StringBuilder();
        foreach (var character in text.AsSpan(0, Math.Min(text.Length, most)))
        {
            line.Append(char.IsControl(character) ? ' ' : character);
        }

        return line.Append(text.Length > most ? "..." : "").ToString();
    }
}
