using System.Globalization;

namespace Director.Benchmarks.Comparison;

/// <summary>A control group (version 1 or 2) whose processes together get a part of one processor, so that hosts of a lab do not take each other's.</summary>
internal sealed class ProcessorShare : IDisposable
{
    private const int PeriodMicroseconds = 20_000;
    private const string Root = "/sys/fs/cgroup";

    private static readonly bool _isVersion1 = Directory.Exists($"{Root}/cpu");

    // 'ip netns exec' gives a host of the lab a /sys of its own, where no control group is.
    private static readonly string _outside = $"/proc/{Environment.ProcessId}/root";
    private readonly string[] _folders;

    /// <param name="name">Unique on this machine.</param>
    /// <param name="percent">Of one processor.</param>
    public ProcessorShare(string name, int percent)
    {
        Percent = percent;
        _folders = _isVersion1 ? [$"{Root}/cpu/{name}", $"{Root}/cpuacct/{name}"] : [$"{Root}/{name}"];
        foreach (string folder in _folders)
            Directory.CreateDirectory(folder);
        int quota = PeriodMicroseconds * percent / 100;
        if (_isVersion1)
        {
            Write($"{_folders[0]}/cpu.cfs_period_us", PeriodMicroseconds);
            Write($"{_folders[0]}/cpu.cfs_quota_us", quota);
        }
        else
        {
            File.WriteAllText($"{Root}/cgroup.subtree_control", "+cpu");
            File.WriteAllText($"{_folders[0]}/cpu.max", string.Create(CultureInfo.InvariantCulture, $"{quota} {PeriodMicroseconds}"));
        }

        // A part that others on the machine may take is no fixed part: the most that the kernel gives, as a group's weight against theirs.
        Write(_isVersion1 ? $"{_folders[0]}/cpu.shares" : $"{_folders[0]}/cpu.weight", _isVersion1 ? 262_144 : 10_000);
    }

    /// <summary>Of one processor.</summary>
    public int Percent { get; }

    /// <summary>Processor time that its processes have used.</summary>
    public TimeSpan Used => TimeSpan.FromMicroseconds(_isVersion1
        ? Number(File.ReadAllText(UsageFile)) / 1000
        : Number(File.ReadLines(UsageFile).First(line => line.StartsWith("usage_usec ", StringComparison.Ordinal))["usage_usec ".Length..]));

    private string UsageFile => _isVersion1 ? $"{_folders[1]}/cpuacct.usage" : $"{_folders[0]}/cpu.stat";

    /// <summary>A command line that runs another one within it, on any host of the lab, or fails.</summary>
    public IEnumerable<string> Within(IEnumerable<string> command) =>
        ["sh", "-c", $"{string.Concat(_folders.Select(folder => $"echo $$ > {_outside}{folder}/cgroup.procs && "))}exec \"$@\"", "sh", .. command];

    /// <summary>A script for any host of the lab that prints which part of the share was used since it was run last, 0 to 100.</summary>
    /// <param name="state">A file that it may keep.</param>
    public string LoadScript(string state)
    {
        string usage = _isVersion1 ? $"$(($(cat {_outside}{UsageFile}) / 1000))" : $"$(sed -n 's/^usage_usec //p' {_outside}{UsageFile})";
        return $"""
            used={usage}; now=$(($(date +%s%N) / 1000))
            read before then < {state} || before=$used then=$((now - 1))
            echo $used $now > {state}
            load=$(((used - before) * 10000 / ((now - then) * {Percent})))
            echo $((load > 100 ? 100 : load))
            """;
    }

    public void Dispose()
    {
        foreach (string folder in _folders.Where(Directory.Exists))
        {
            try
            {
                Directory.Delete(folder);
            }
            catch (IOException)
            {
                // Its last process has not quite gone; an empty group does no harm.
            }
        }
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);

    private static void Write(string file, int number) => File.WriteAllText(file, number.ToString(CultureInfo.InvariantCulture));
}
