namespace SharpPcap;

public enum TimestampResolution
{
    Microsecond = 0,
    Nanosecond = 1,
}

/// <summary>Seconds and microseconds since 1970, UTC.</summary>
public class PosixTimeval
{
    public PosixTimeval(ulong seconds, ulong microseconds)
    {
        Seconds = seconds;
        MicroSeconds = microseconds;
    }

    public PosixTimeval(DateTime time)
    {
        var ticks = (ulong)(time.ToUniversalTime() - DateTime.UnixEpoch).Ticks;
        Seconds = ticks / TimeSpan.TicksPerSecond;
        MicroSeconds = ticks % TimeSpan.TicksPerSecond / TimeSpan.TicksPerMicrosecond;
    }

    public PosixTimeval()
        : this(DateTime.UtcNow)
    {
    }

    public ulong Seconds { get; set; }

    public ulong MicroSeconds { get; set; }

    public DateTime Date => DateTime.UnixEpoch.AddTicks(
        ((long)Seconds * TimeSpan.TicksPerSecond) + ((long)MicroSeconds * TimeSpan.TicksPerMicrosecond));
}
