using System.Text;
using Director.Agent;
using Director.Configuration;
using Director.Health.Feedback;
using Xunit;

namespace Director.Tests.Agent;

/// <summary>What the kernel's numbers and a script come to.</summary>
public sealed class HostLoadTests
{
    private const string Stat = "cpu  100 10 50 800 20 5 15 100 40 0\ncpu0 100 10 50 800 20 5 15 100 40 0\nintr 12345\n";

    [Fact]
    public void Processor_time_is_busy_unless_idle_waiting_or_stolen()
    {
        Assert.Equal(new ProcessorTimes(180, 1000), ProcessorTimes.Parse(Stat));
        Assert.Equal(new ProcessorTimes(160, 980), ProcessorTimes.Parse("cpu 100 10 50 800 20\n"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("cpu0 1 2 3 4 5")]
    [InlineData("cpu 1 2 3")]
    [InlineData("cpu 1 2 x 4 5")]
    [InlineData("cpu 1 2 -3 4 5")]
    public void What_is_no_stat_is_no_load(string text) => Assert.Null(ProcessorTimes.Parse(text));

    [Theory]
    [InlineData(100, 1000, 150, 1100, 50.0)]
    [InlineData(100, 1000, 200, 1100, 100.0)]
    [InlineData(100, 1000, 90, 1100, 0.0)]
    [InlineData(100, 1000, 300, 1100, 100.0)]
    [InlineData(100, 1000, 100, 1000, null)]
    [InlineData(100, 1000, 50, 900, null)]
    public void Load_is_what_was_busy_since_the_last_look(ulong busy, ulong total, ulong busyNow, ulong totalNow, double? load) =>
        Assert.Equal(load, new ProcessorTimes(busyNow, totalNow).LoadSince(new(busy, total)));

    [Fact]
    public void Load_average_counts_for_each_processor()
    {
        Assert.Equal(37.5, HostLoad.LoadAverage("1.50 0.40 0.20 3/400 12345\n", 4));
        Assert.Null(HostLoad.LoadAverage("none", 4));
    }

    [Fact]
    public void Memory_is_loaded_by_what_is_not_available()
    {
        Assert.Equal(75.0, HostLoad.Memory("MemTotal:        8000 kB\nMemFree: 100 kB\nMemAvailable:    2000 kB\n"));
        Assert.Null(HostLoad.Memory("MemTotal: 8000 kB\n"));
        Assert.Null(HostLoad.Memory("MemTotal: 0 kB\nMemAvailable: 0 kB\n"));
    }

    [Theory]
    [InlineData("35\n", 65, null, null)]
    [InlineData(" 99.6 \nmore\n", 1, null, null)]
    [InlineData("0", 100, null, null)]
    [InlineData("40% drain", 40, ReportedState.Drain, null)]
    [InlineData("down # no disk", null, null, false)]
    public void A_script_says_a_load_or_words(string output, int? percent, ReportedState? wanted, bool? isUp)
    {
        var answer = LoadScript.Parse(Encoding.ASCII.GetBytes(output))!;
        Assert.Equal((percent, wanted, isUp), (answer.Percent, answer.Wanted, answer.IsUp));
    }

    [Theory]
    [InlineData("")]
    [InlineData("101")]
    [InlineData("-1")]
    [InlineData("NaN")]
    [InlineData("sh: foo: not found")]
    [InlineData("drain later")]
    public void Anything_else_of_a_script_is_nothing(string output) => Assert.Null(LoadScript.Parse(Encoding.ASCII.GetBytes(output)));

    [Fact]
    public async Task The_highest_of_several_measures_counts()
    {
        LoadSource source = Source(
            new() { Measure = [LoadMeasure.Memory, LoadMeasure.LoadAverage, LoadMeasure.Script], Script = "echo 60" },
            path => path == "/proc/meminfo" ? "MemTotal: 100 kB\nMemAvailable: 70 kB\n" : path == "/proc/loadavg" ? $"{0.8 * Environment.ProcessorCount} 0 0" : null);

        Assert.Equal(new AgentAnswer { Percent = 20 }, await source.Measure(default));
    }

    [Fact]
    public async Task Who_says_drain_no_more_is_ready_again()
    {
        string file = Path.GetTempFileName();
        LoadSource source = Source(new() { Measure = [LoadMeasure.Script], Script = $"cat {file}" }, _ => null);
        await File.WriteAllTextAsync(file, "10");
        Assert.Equal(new AgentAnswer { Percent = 90 }, await source.Measure(default));
        await File.WriteAllTextAsync(file, "drain");
        Assert.Equal(new AgentAnswer { Wanted = ReportedState.Drain, IsUp = true }, await source.Measure(default));
        await File.WriteAllTextAsync(file, "10");
        Assert.Equal(new AgentAnswer { Percent = 90, Wanted = ReportedState.Ready, IsUp = true }, await source.Measure(default));
        File.Delete(file);
    }

    [Theory]
    [InlineData("exit 3", "ended with 3")]
    [InlineData("sleep 60", "did not end within 0.3 s")]
    [InlineData("echo hello", "printed neither a load from 0 to 100 nor words of an agent")]
    [InlineData("yes", "printed 1024 bytes and more; one line is enough")]
    public async Task A_script_that_fails_says_nothing_and_is_named_once(string script, string complaint)
    {
        List<string> lines = [];
        LoadSource source = new(new() { Measure = [LoadMeasure.Script], Script = script, ScriptTimeout = TimeSpan.FromSeconds(script == "sleep 60" ? 0.3 : 30) }, TimeSpan.FromSeconds(1), _ => null, lines.Add);

        Assert.False((await source.Measure(default)).SaysSomething);
        Assert.False((await source.Measure(default)).SaysSomething);
        Assert.Equal([$"warning: script '{script}' {complaint}; without a load directors go back to the configured weight"], lines);
    }

    private static LoadSource Source(LoadConfiguration load, Func<string, string?> read) => new(load, TimeSpan.FromSeconds(1), read, Assert.Fail);
}
