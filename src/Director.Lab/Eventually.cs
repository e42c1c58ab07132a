using System.Diagnostics;

namespace Director.Lab;

/// <summary>Waits for a condition by looking again and again: nothing in the lab sleeps for a guessed time.</summary>
public static class Eventually
{
    private static readonly TimeSpan _pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Waits until <paramref name="condition"/> holds.</summary>
    /// <param name="condition">Looked at every 10 ms.</param>
    /// <param name="within">How long to wait.</param>
    /// <param name="otherwise">What to say when it did not come about; evaluated then.</param>
    /// <exception cref="LabException">It did not hold in time.</exception>
    public static void Holds(Func<bool> condition, TimeSpan within, Func<string> otherwise)
    {
        for (long start = Stopwatch.GetTimestamp(); !condition(); Thread.Sleep(_pause))
        {
            if (Stopwatch.GetElapsedTime(start) > within)
            {
                throw new LabException($"not within {within.TotalSeconds:0.#} s: {otherwise()}");
            }
        }
    }
}
