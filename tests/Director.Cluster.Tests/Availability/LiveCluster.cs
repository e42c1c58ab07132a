using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Xunit;

namespace Director.Cluster.Tests.Availability;

/// <summary>Directors with nothing but their availability, each a process in a network namespace of its own, joined by a bridge. Gone when disposed of. Needs root.</summary>
internal sealed class LiveCluster : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private static int _count;

    private readonly string _prefix = $"availability-{Environment.ProcessId}-{Interlocked.Increment(ref _count)}";

    public LiveCluster(int count, bool hasSeeds, string pingNode = "-")
    {
        Skip.IfNot(Environment.IsPrivilegedProcess, "needs root, to make network namespaces");
        Shell($"ip netns add {Hub}; ip -n {Hub} link add br0 type bridge forward_delay 0; ip -n {Hub} addr add 10.9.0.254/24 dev br0; ip -n {Hub} link set br0 up");
        var seeds = hasSeeds ? string.Join(',', Enumerable.Range(1, count).Select(i => $"10.9.0.{i}:2551")) : "-";
        try
        {
            for (var i = 1; i <= count; i++)
            {
                Shell($"ip netns add {_prefix}-{i}; ip -n {_prefix}-{i} link set lo up");
                AddLink(i);
            }

            Directors = [.. Enumerable.Range(1, count).Select(i => new LiveDirector($"{_prefix}-{i}", $"d{i}", seeds, pingNode))];
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public LiveDirector[] Directors { get; } = [];

    private string Hub => $"{_prefix}-hub";

    public LiveDirector[] Answering => [.. Directors.Where(director => director.Answers)];

    public LiveDirector Holder()
    {
        Eventually(() => Answering.Length == 1, "one director answers");
        return Answering[0];
    }

    public void SetLink(int director, bool up) => Shell($"ip -n {Hub} link set p{director} {(up ? "up" : "down")}");

    public void AddLink(int director) => Shell($"""
        ip link add eth0 netns {_prefix}-{director} type veth peer name p{director} netns {Hub}
        ip -n {Hub} link set p{director} master br0 up
        ip -n {_prefix}-{director} addr add 10.9.0.{director}/24 dev eth0
        ip -n {_prefix}-{director} link set eth0 up
        """);

    public void RemoveLink(int director) => Shell($"ip -n {Hub} link delete p{director}");

    public void Run(int director, string command) => Shell($"ip netns exec {_prefix}-{director} {command}");

    public void Eventually(Func<bool> condition, string what)
    {
        var watch = Stopwatch.StartNew();
        while (!condition())
        {
            Assert.True(watch.Elapsed < Patience, $"not in {Patience.TotalSeconds} s: {what}\n{string.Join('\n', Directors.SelectMany(director => director.Lines.Select(line => $"{director.Name} {line}")))}");
            Thread.Sleep(5);
        }
    }

    public void Dispose()
    {
        foreach (var director in Directors)
            director.Dispose();
        using var process = Process.Start("/bin/sh", ["-c", $"for n in $(ip netns list | grep -o '^{_prefix}-[a-z0-9]*'); do ip netns delete $n; done"]);
        process.WaitForExit();
    }

    private static void Shell(string command)
    {
        using var process = Process.Start(new ProcessStartInfo("/bin/sh", ["-ec", command]) { RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{command}: {errors}");
    }

    /// <summary>One of the directors.</summary>
    internal sealed class LiveDirector : IDisposable
    {
        private readonly Process _process;

        public LiveDirector(string networkNamespace, string name, string seeds, string pingNode)
        {
            Name = name;
            ProcessStartInfo start = new("ip", ["netns", "exec", networkNamespace, "dotnet", typeof(LiveDirector).Assembly.Location, "availability", name, seeds, pingNode])
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
            };
            _process = new Process { StartInfo = start };
            _process.OutputDataReceived += (_, line) =>
            {
                if (line.Data is not null)
                    Lines.Enqueue(line.Data);
            };
            _process.Start();
            _process.BeginOutputReadLine();
        }

        public string Name { get; }

        public ConcurrentQueue<string> Lines { get; } = new();

        public bool HasEnded => _process.HasExited;

        /// <summary>Whether the last that its engine was told is to answer.</summary>
        public bool Answers => !_process.HasExited && Lines.LastOrDefault(line => line.Contains(" holds ", StringComparison.Ordinal))?.Contains("vips:answers", StringComparison.Ordinal) == true;

        /// <summary>When the first line with this text came after a moment, in the host's milliseconds.</summary>
        public long? First(string text, long after = 0) => Lines.Where(line => line.Contains(text, StringComparison.Ordinal))
            .Select(line => long.TryParse(line.Split(' ')[0], CultureInfo.InvariantCulture, out var time) ? time : long.MaxValue)
            .Where(time => time >= after).Select(time => (long?)time).FirstOrDefault();

        public bool Says(string text) => First(text) is not null;

        /// <summary>Ends its input: it stops cleanly.</summary>
        public void Stop() => _process.StandardInput.Close();

        public void Signal(string signal)
        {
            // ip(8) becomes the program by exec: it is the same process.
            using var kill = Process.Start("/bin/kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
            kill.WaitForExit();
        }

        public void Dispose()
        {
            try
            {
                _process.Kill(entireProcessTree: true);
                _process.WaitForExit();
            }
            catch (InvalidOperationException)
            {
                // It had ended.
            }

            _process.Dispose();
        }
    }
}
