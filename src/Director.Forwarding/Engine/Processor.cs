using Director.Forwarding.Links;

namespace Director.Forwarding.Engine;

/// <summary>The processor that a thread runs on.</summary>
internal static unsafe class Processor
{
    private const int MaskBytes = 128;

    // <sys/resource.h>: PRIO_PROCESS, which is the thread on Linux; the kernel takes -20 to 19.
    private const int PriorityOfThread = 0;
    private const int HighestNice = -20;

    /// <summary>Keeps the calling thread on one processor (sched_setaffinity(2)). One that this process may not use is left alone: a slower thread is better than none.</summary>
    public static void PinThisThread(int processor)
    {
        var mask = stackalloc byte[MaskBytes];
        new Span<byte>(mask, MaskBytes).Clear();
        if (processor >= MaskBytes * 8)
            return;
        mask[processor / 8] = (byte)(1 << (processor % 8));
        _ = Libc.sched_setaffinity(0, MaskBytes, mask);
    }

    /// <summary>
    /// Lets the calling thread go before what else runs on the host (setpriority(2)): a worker that waits for a processor loses frames as soon as its links' buffers are full. Without the privilege
    /// it stays where it is.
    /// </summary>
    public static void PreferThisThread() => _ = Libc.setpriority(PriorityOfThread, 0, HighestNice);
}
