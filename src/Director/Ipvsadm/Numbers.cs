using System.Globalization;

namespace Director.Ipvsadm;

/// <summary>Numbers as the C library's strtol reads them: leading blanks and a sign are allowed, anything after the digits is not.</summary>
internal static class Numbers
{
    /// <summary>Reads a number between <paramref name="minimum"/> and <paramref name="maximum"/>.</summary>
    public static bool TryParse(string text, long minimum, long maximum, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number)
        && number >= minimum && number <= maximum;

    /// <summary>Reads the digits at the start, 0 when there are none (atoi).</summary>
    public static long Leading(string text)
    {
        int end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || (end == 0 && text[end] is '-' or '+')))
            end++;
        return TryParse(text[..end], int.MinValue, int.MaxValue, out long number) ? number : 0;
    }
}
