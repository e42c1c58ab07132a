using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Director.Lab.Network;

/// <summary>Runs code in a network namespace (setns(2)).</summary>
internal static partial class NamespaceThread
{
    // <linux/sched.h>, CLONE_NEWNET.
    private const int NewNetwork = 0x40000000;

    /// <summary>Runs code on a new thread that has entered the namespace, and waits for its end.</summary>
    /// <exception cref="LabException">The namespace cannot be entered.</exception>
    internal static void Run(string name, Action code)
    {
        ExceptionDispatchInfo? failure = null;
        Thread thread = new(() =>
        {
            try
            {
                Enter(name);
                code();
            }
            catch (Exception problem)
            {
                failure = ExceptionDispatchInfo.Capture(problem);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    private static void Enter(string name)
    {
        using Microsoft.Win32.SafeHandles.SafeFileHandle file = File.OpenHandle($"/run/netns/{name}");
        if (EnterNamespace((int)file.DangerousGetHandle(), NewNetwork) != 0)
        {
            throw new LabException($"cannot enter the namespace {name}: {Marshal.GetLastPInvokeErrorMessage()}");
        }
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static partial int EnterNamespace(int file, int type);
}
