using System.Globalization;
using System.Runtime.InteropServices;

namespace Director.Hosting;

/// <summary>
/// Lets the director go before what else runs on its host. Garbage collection stops all threads and waits for the last of them: one that gets no processor then holds up the heartbeats too, however
/// high their own priority is, and the other directors take over from a director that is well.
/// </summary>
internal static partial class ProcessPriority
{
    // <sys/resource.h>: PRIO_PROCESS, which is a thread on Linux.
    private const int OfThread = 0;

    // Workers go before the rest with -20.
    private const int Nice = -15;

    /// <summary>Raises this process's priority; without the privilege it stays as it is. Threads that start later have what the thread that starts them has.</summary>
    public static void Raise()
    {
        foreach (string thread in Directory.EnumerateDirectories("/proc/self/task"))
            _ = SetPriority(OfThread, int.Parse(Path.GetFileName(thread), CultureInfo.InvariantCulture), Nice);
        try
        {
            // Where the kernel groups by session (sched(7), autogroup), nice values count only within one, and a service is one of its own.
            File.WriteAllText("/proc/self/autogroup", "-20");
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            // No such grouping, or no privilege.
        }
    }

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int nice);
}
