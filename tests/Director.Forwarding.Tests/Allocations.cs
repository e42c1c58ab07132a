namespace Director.Forwarding.Tests;

/// <summary>Measures what a piece of code puts on the managed heap.</summary>
internal static class Allocations
{
    private const int Runs = 10;

    /// <summary>
    /// The least number of bytes that a run of the code allocates: a collection that another test's thread brings about counts the rest of this thread's
    /// allocation buffer as used, and the first runs may compile.
    /// </summary>
    public static long Least(Action run)
    {
        long least = long.MaxValue;
        for (int count = 0; count < Runs && least != 0; count++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            run();
            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
