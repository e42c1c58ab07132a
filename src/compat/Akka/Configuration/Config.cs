using System.Globalization;
using Akka.Actor;

namespace Akka.Configuration;

/// <summary>A tree of settings. A path names a setting by the keys from the root: <c>akka.actor.provider</c>.</summary>
public class Config
{
    public static readonly Config Empty = new();

    private readonly Dictionary<string, object> _root;

    public Config()
        : this([])
    {
    }

    internal Config(Dictionary<string, object> root) => _root = root;

    public virtual bool IsEmpty => _root.Count == 0;

    internal IEnumerable<string> Keys => _root.Keys;

    public virtual Config WithFallback(Config fallback) =>
        fallback is null || fallback.IsEmpty ? this : new Config((Dictionary<string, object>)HoconReader.Merge(_root, fallback._root));

    public virtual bool HasPath(string path) => Find(path) is not null;

    public virtual Config GetConfig(string path) => Find(path) is Dictionary<string, object> section ? new Config(section) : Empty;

    public virtual string GetString(string path, string @default = null) => Find(path) switch
    {
        null => @default,
        string value => value,
        _ => throw new ConfigurationException($"'{path}' is not a single value"),
    };

    public virtual bool GetBoolean(string path, bool @default = false) => GetString(path) switch
    {
        null => @default,
        "on" or "true" or "yes" => true,
        "off" or "false" or "no" => false,
        var value => throw new ConfigurationException($"'{path}' is '{value}': on or off is expected"),
    };

    public virtual int GetInt(string path, int @default = 0) => checked((int)GetLong(path, @default));

    public virtual long GetLong(string path, long @default = 0) =>
        GetString(path) is { } value ? long.Parse(value, CultureInfo.InvariantCulture) : @default;

    public virtual double GetDouble(string path, double @default = 0) =>
        GetString(path) is { } value ? double.Parse(value, CultureInfo.InvariantCulture) : @default;

    public virtual long? GetByteSize(string path) => GetByteSize(path, null);

    public virtual long? GetByteSize(string path, long? def = null)
    {
        if (GetString(path) is not { } value)
        {
            return def;
        }

        var (number, unit) = SplitUnit(value);
        var factor = unit switch
        {
            "" or "b" or "B" or "byte" or "bytes" => 1L,
            "kB" or "kilobyte" or "kilobytes" => 1_000L,
            "k" or "K" or "Ki" or "KiB" or "kibibyte" or "kibibytes" => 1L << 10,
            "MB" or "megabyte" or "megabytes" => 1_000_000L,
            "m" or "M" or "Mi" or "MiB" or "mebibyte" or "mebibytes" => 1L << 20,
            "GB" or "gigabyte" or "gigabytes" => 1_000_000_000L,
            "g" or "G" or "Gi" or "GiB" or "gibibyte" or "gibibytes" => 1L << 30,
            _ => throw new ConfigurationException($"'{path}' is '{value}': a size such as 128000b or 1MiB is expected"),
        };
        return (long)(number * factor);
    }

    public virtual TimeSpan GetTimeSpan(string path, TimeSpan? @default = null, bool allowInfinite = true)
    {
        if (GetString(path) is not { } value)
        {
            return @default.GetValueOrDefault();
        }

        if (allowInfinite && value is "infinite")
        {
            return Timeout.InfiniteTimeSpan;
        }

        var (number, unit) = SplitUnit(value);
        var milliseconds = unit switch
        {
            "ns" or "nano" or "nanos" or "nanosecond" or "nanoseconds" => 1e-6,
            "us" or "micro" or "micros" or "microsecond" or "microseconds" => 1e-3,
            "" or "ms" or "milli" or "millis" or "millisecond" or "milliseconds" => 1,
            "s" or "second" or "seconds" => 1_000,
            "m" or "minute" or "minutes" => 60_000,
            "h" or "hour" or "hours" => 3_600_000,
            "d" or "day" or "days" => 86_400_000,
            _ => throw new ConfigurationException($"'{path}' is '{value}': a duration such as 500ms or 5s is expected"),
        };
        return TimeSpan.FromTicks((long)(number * milliseconds * TimeSpan.TicksPerMillisecond));
    }

    public virtual IList<string> GetStringList(string path) => Find(path) switch
    {
        null => [],
        List<object> items => [.. items.Cast<string>()],
        _ => throw new ConfigurationException($"'{path}' is not a list"),
    };

    public static implicit operator Config(string str) => ConfigurationFactory.ParseString(str);

    private static (double Number, string Unit) SplitUnit(string value)
    {
        var end = 0;
        while (end < value.Length && (char.IsAsciiDigit(value[end]) || value[end] is '.' or '-' or '+'))
        {
            end++;
        }

        return double.TryParse(value.AsSpan(0, end), CultureInfo.InvariantCulture, out var number)
            ? (number, value[end..].Trim())
            : throw new ConfigurationException($"'{value}' does not begin with a number");
    }

    private object Find(string path)
    {
        object at = _root;
        foreach (var name in HoconReader.SplitPath(path))
        {
            if (at is not Dictionary<string, object> section || !section.TryGetValue(name, out at))
            {
                return null;
            }
        }

        return at;
    }
}

public class ConfigurationException : AkkaException
{
    public ConfigurationException(string message)
        : base(message)
    {
    }

    public ConfigurationException(string message, Exception exception)
        : base(message, exception)
    {
    }
}
