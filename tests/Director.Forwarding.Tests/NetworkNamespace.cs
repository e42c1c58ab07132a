using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Xunit;

namespace Director.Forwarding.Tests;

/// <summary>A network namespace for one test; gone when disposed. Needs root.</summary>
internal sealed partial class NetworkNamespace : IDisposable
{
    private const string Prefix = "director-test-";

    private static int _count;

    // A test run that was killed left its namespaces.
    static NetworkNamespace()
    {
        foreach (var path in Directory.Exists("/run/netns") ? Directory.GetFiles("/run/netns", $"{Prefix}*") : [])
        {
            var name = Path.GetFileName(path);
            if (!Directory.Exists($"/proc/{name[Prefix.Length..].Split('-')[0]}"))
                Execute("ip", ["netns", "delete", name]);
        }
    }

    /// <summary>Makes it, or skips the test.</summary>
    public NetworkNamespace()
    {
        Skip.IfNot(Environment.UserName == "root", "Network namespaces need root.");
        Name = $"{Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";
        Execute("ip", ["netns", "add", Name]);
        Run("ip link set lo up");
    }

    /// <summary>Its name for <c>ip netns</c>.</summary>
    public string Name { get; }

    /// <summary>Joins two namespaces by a veth pair whose ends have the same name.</summary>
    public static void Join(NetworkNamespace one, NetworkNamespace other, string nic)
    {
        one.Run($"ip link add {nic} type veth peer name {nic} netns {other.Name}");
        one.Run($"ip link set {nic} up");
        other.Run($"ip link set {nic} up");
    }

    /// <summary>Runs a line of shell in it that must succeed.</summary>
    /// <returns>What it wrote.</returns>
    public string Run(string line)
    {
        var (exitCode, output) = Try(line);
        Assert.True(exitCode == 0, $"{line}: {output}");
        return output;
    }

    /// <summary>Runs a line of shell in it.</summary>
    public (int ExitCode, string Output) Try(string line) => Execute("ip", ["netns", "exec", Name, "sh", "-c", line]);

    /// <summary>Runs code in it, on a thread of its own. Threads and processes that the code starts stay in it.</summary>
    public T Inside<T>(Func<T> code)
    {
        T result = default!;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var handle = File.OpenHandle($"/run/netns/{Name}");
                const int NewNetwork = 0x40000000;
                Assert.Equal(0, setns((int)handle.DangerousGetHandle(), NewNetwork));
                result = code();
            }
            catch (Exception e)
            {
                failure = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }

    /// <summary>Runs code in it.</summary>
    public void Inside(Action code) => Inside(() =>
    {
        code();
        return 0;
    });

    /// <summary>Asks again and again until a condition holds; fails after ten seconds.</summary>
    public static void Eventually(Func<bool> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed.TotalSeconds < 10, $"Not within 10 s: {what}");
            Thread.Sleep(5);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Execute("ip", ["netns", "delete", Name]);

    private static (int ExitCode, string Output) Execute(string command, string[] arguments)
    {
        var start = new ProcessStartInfo(command, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + errors.Result);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(int descriptor, int type);
}
