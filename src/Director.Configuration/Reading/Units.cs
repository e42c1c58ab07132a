using System.Globalization;

namespace Director.Configuration.Reading;

/// <summary>Durations and sizes as HOCON writes them. A duration needs its unit: HOCON takes a bare number for milliseconds, ipvsadm for seconds.</summary>
internal static class Units
{
    private static readonly Dictionary<string, long> s_ticks = new(StringComparer.Ordinal);
    private static readonly Dictionary<string, long> s_bytes = new(StringComparer.Ordinal) { [""] = 1, ["B"] = 1, ["b"] = 1, ["byte"] = 1, ["bytes"] = 1 };

    static Units()
    {
        Add(TimeSpan.TicksPerMicrosecond, "us", "micro", "micros", "microsecond", "microseconds");
        Add(TimeSpan.TicksPerMillisecond, "ms", "milli", "millis", "millisecond", "milliseconds");
        Add(TimeSpan.TicksPerSecond, "s", "second", "seconds");
        Add(TimeSpan.TicksPerMinute, "m", "minute", "minutes");
        Add(TimeSpan.TicksPerHour, "h", "hour", "hours");
        Add(TimeSpan.TicksPerDay, "d", "day", "days");
        var power = 0;
        foreach (var (letter, name) in new[] { ("K", "kilo"), ("M", "mega"), ("G", "giga") })
        {
            power++;
            var binary = 1L << (10 * power);
            var decimals = (long)Math.Pow(1000, power);
            foreach (var unit in new[] { letter, letter.ToLowerInvariant(), letter + "i", letter + "iB" })
            {
                s_bytes[unit] = binary;
            }

            foreach (var unit in new[] { (power == 1 ? "k" : letter) + "B", name + "byte", name + "bytes" })
            {
                s_bytes[unit] = decimals;
            }
        }
    }

    /// <summary>A number and a unit from us to d; 0 needs none.</summary>
    public static bool TryDuration(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        var (number, unit) = Split(text);
        if (!TryNumber(number, out var value) || (!s_ticks.TryGetValue(unit, out var ticks) && (value != 0 || unit.Length > 0)))
        {
            return false;
        }

        var product = value * ticks;
        if (product > long.MaxValue)
        {
            return false;
        }

        duration = new TimeSpan((long)product);
        return product == decimal.Truncate(product);
    }

    /// <summary>A whole number of bytes; K, M, G and KiB, MiB, GiB are powers of 1024, kB, MB, GB of 1000.</summary>
    public static bool TryBytes(string text, out long bytes)
    {
        bytes = 0;
        var (number, unit) = Split(text);
        if (!TryNumber(number, out var value) || !s_bytes.TryGetValue(unit, out var factor))
        {
            return false;
        }

        var product = value * factor;
        if (product > long.MaxValue || product != decimal.Truncate(product))
        {
            return false;
        }

        bytes = (long)product;
        return true;
    }

    /// <summary>The shortest way to write a duration: whole units only.</summary>
    public static string Write(TimeSpan duration)
    {
        foreach (var unit in new[] { "d", "h", "m", "s", "ms" })
        {
            if (duration.Ticks != 0 && duration.Ticks % s_ticks[unit] == 0)
            {
                return $"{duration.Ticks / s_ticks[unit]}{unit}";
            }
        }

        return duration == TimeSpan.Zero ? "0s" : $"{duration.Ticks / TimeSpan.TicksPerMicrosecond}us";
    }

    private static void Add(long ticks, params string[] units)
    {
        foreach (var unit in units)
        {
            s_ticks[unit] = ticks;
        }
    }

    private static (string Number, string Unit) Split(string text)
    {
        var end = 0;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
        {
            end++;
        }

        return (text[..end], text[end..].Trim(' '));
    }

    private static bool TryNumber(string text, out decimal number)
    {
        number = 0;
        return text.Length is > 0 and <= 15 && decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);
    }
}
