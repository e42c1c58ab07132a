namespace Director.Forwarding.Engine;

/// <summary>How long this director may forward: written by its availability, read by every worker for each batch.</summary>
internal sealed class Loan
{
    private long _until = long.MaxValue;

    /// <summary>When it runs out, in milliseconds since the engine's start; <see cref="long.MaxValue"/>: never.</summary>
    public long Until
    {
        get => Volatile.Read(ref _until);
        set => Volatile.Write(ref _until, value);
    }

    /// <summary>Whether it still runs.</summary>
    public bool IsRunning(long nowMilliseconds) => nowMilliseconds < Until;
}
