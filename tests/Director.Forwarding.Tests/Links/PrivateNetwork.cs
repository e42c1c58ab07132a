using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Xunit;

namespace Director.Forwarding.Tests.Links;

/// <summary>A network namespace that lives as long as a test's thread: nothing to clean up, whatever happens.</summary>
internal static partial class PrivateNetwork
{
    private const int NewNetworkNamespace = 0x40000000;
    private const int NotPermitted = 1;

    /// <summary>Runs a test in a namespace of its own. Processes and threads that it starts are in it too; thread pool threads are not.</summary>
    public static void Run(Action test)
    {
        Skip.IfNot(Environment.IsPrivilegedProcess, "needs root, to make a network namespace");
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                var refused = unshare(NewNetworkNamespace) != 0;
                Skip.If(refused && Marshal.GetLastPInvokeError() == NotPermitted, "needs CAP_SYS_ADMIN, to make a network namespace");
                Assert.False(refused);
                // Neighbour discovery and multicast reports would mix with the test's frames.
                Shell("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1; ip link set lo up");
                test();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    /// <summary>Runs a shell command.</summary>
    /// <returns>Whether it exits with 0.</returns>
    public static bool TryShell(string command) => Execute(command).ExitCode == 0;

    /// <summary>Runs a shell command and fails the test when it fails.</summary>
    /// <returns>What it printed.</returns>
    public static string Shell(string command)
    {
        var (exitCode, output, errors) = Execute(command);
        Assert.True(exitCode == 0, $"'{command}' exits with {exitCode}: {errors}");
        return output;
    }

    private static (int ExitCode, string Output, string Errors) Execute(string command)
    {
        var start = new ProcessStartInfo("/bin/sh", ["-ec", command]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.Result);
    }

    /// <summary>Waits until a condition holds; fails the test after a time in which it always should.</summary>
    public static void Eventually(Func<bool> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), $"not in 20 s: {what}");
            Thread.Sleep(1);
        }
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int unshare(int flags);
}
