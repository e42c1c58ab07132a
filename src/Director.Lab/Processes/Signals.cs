using System.Runtime.InteropServices;

namespace Director.Lab.Processes;

/// <summary>Signals that the lab sends, by their numbers on Linux (signal(7)).</summary>
public static partial class Signals
{
    /// <summary>What Ctrl-C sends.</summary>
    public const int Interrupt = 2;

    /// <summary>Ends a process at once.</summary>
    public const int Kill = 9;

    /// <summary>Freezes a process.</summary>
    public const int Stop = 19;

    /// <summary>Lets a frozen process go on.</summary>
    public const int Continue = 18;

    /// <summary>Asks a process to end.</summary>
    public const int Terminate = 15;

    /// <summary>Sends a signal; a process that is gone already gets none.</summary>
    public static void Send(int process, int signal) => _ = SendSignal(process, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int SendSignal(int process, int signal);
}
