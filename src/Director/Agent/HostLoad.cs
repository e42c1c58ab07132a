using System.Globalization;

namespace Director.Agent;

/// <summary>Numbers of this host that say how loaded it is, each from 0 to 100; null where the kernel does not say.</summary>
internal static class HostLoad
{
    /// <summary>The load average of the last minute as a part of the processors; above 100 where more wait than there are.</summary>
    /// <param name="text"><c>/proc/loadavg</c>.</param>
    /// <param name="processors">How many there are.</param>
    public static double? LoadAverage(string text, int processors) =>
        double.TryParse(text.Split(' ')[0], NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double average) ? 100 * average / Math.Max(1, processors) : null;

    /// <summary>The part of the memory that is not available.</summary>
    /// <param name="text"><c>/proc/meminfo</c>.</param>
    public static double? Memory(string text)
    {
        double? total = Field("MemTotal:"), available = Field("MemAvailable:");
        return total > 0 && available is not null ? 100 * (1 - (available / total)) : null;

        double? Field(string name) =>
            text.Split('\n').FirstOrDefault(line => line.StartsWith(name, StringComparison.Ordinal)) is { } line
            && line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, var number, ..]
            && double.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out double kilobytes) ? kilobytes : null;
    }
}
