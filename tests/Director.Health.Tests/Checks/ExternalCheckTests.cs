using System.Diagnostics;
using System.Net;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public sealed class ExternalCheckTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("director-external-").FullName;

    [Fact]
    public async Task Arguments_and_environment_are_those_of_the_service_and_the_real_server()
    {
        var check = Check("echo \"$1 $2 $3 $4 $DIRECTOR_VIP $DIRECTOR_VPORT $DIRECTOR_RIP $DIRECTOR_RPORT\"");
        Assert.Equal(CheckAnswer.Pass("status 0: 10.0.0.1 80 192.0.2.7 8080 10.0.0.1 80 192.0.2.7 8080"), await Scripted.Ask(check));
    }

    [Theory]
    [InlineData("echo first; echo last; echo; exit 0", false, true, null, "status 0: last")]
    [InlineData("echo broken >&2; exit 1", false, false, null, "status 1: broken")]
    [InlineData("exit 3", false, false, null, "status 3")]
    [InlineData("exit 1", true, false, null, "status 1")]
    [InlineData("exit 0", true, true, null, "status 0")]
    [InlineData("exit 2", true, true, 0, "status 2")]
    [InlineData("exit 52", true, true, 50, "status 52")]
    [InlineData("exit 255", true, true, 100, "status 255")]
    [InlineData("printf 'a\\033[1mb'; exit 1", false, false, null, "status 1: a [1mb")]
    public async Task The_status_decides(string command, bool dynamic, bool passes, int? percent, string detail) =>
        Assert.Equal(new CheckAnswer(passes, detail) { Percent = percent }, await Scripted.Ask(Check(command) with { Dynamic = dynamic }));

    [Fact]
    public async Task A_command_that_is_not_there_says_nothing_of_the_real_server()
    {
        var answer = await Scripted.Ask(Check("/nowhere/check \"$@\""));
        Assert.True(answer.IsBroken);
        Assert.Contains("/nowhere/check", answer.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_that_hangs_is_killed_with_all_that_it_started()
    {
        var pids = Path.Combine(_folder, "pids");
        using var end = new CancellationTokenSource();
        // Deaf to everything that one can be deaf to.
        var asking = Check($"trap '' TERM HUP INT; sleep 1000 & sh -c 'trap \"\" TERM; sleep 1000' & echo \"$$ $!\" >{pids}.new; mv {pids}.new {pids}; sleep 1000").Ask(end.Token);
        var started = await Appears(pids);
        await end.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(TimeSpan.FromSeconds(5)));
        await AssertGone(started);
    }

    [Fact]
    public async Task What_a_command_leaves_behind_is_killed_and_not_waited_for()
    {
        var pids = Path.Combine(_folder, "pids");
        Assert.Equal(CheckAnswer.Pass("status 0: done"), await Scripted.Ask(Check($"sleep 1000 & echo $! >{pids}; echo done")).WaitAsync(TimeSpan.FromSeconds(5)));
        await AssertGone(await File.ReadAllTextAsync(pids));
    }

    [Fact]
    public async Task One_that_leaves_its_group_and_holds_on_to_the_output_is_not_waited_for()
    {
        var pids = Path.Combine(_folder, "pids");
        var asking = Scripted.Ask(Check($"setsid sh -c 'echo $$ >{pids}.new; mv {pids}.new {pids}; exec sleep 1000' & while [ ! -e {pids} ]; do sleep 0.01; done; echo done"));
        try
        {
            Assert.Equal(CheckAnswer.Pass("status 0: done"), await asking.WaitAsync(TimeSpan.FromSeconds(5)));
        }
        finally
        {
            Process.GetProcessById(int.Parse(await Appears(pids), System.Globalization.CultureInfo.InvariantCulture)).Kill();
        }
    }

    [Fact]
    public async Task Endless_output_ends_the_command() =>
        Assert.Equal(CheckAnswer.Fail("wrote more than 1 MB and was killed"), await Scripted.Ask(Check("exec cat /dev/zero")));

    [Fact]
    public async Task It_reads_nothing_and_is_the_first_that_dies_when_memory_runs_out()
    {
        Assert.Equal(CheckAnswer.Pass("status 0: 1000"), await Scripted.Ask(Check("cat; cat /proc/self/oom_score_adj")));
    }

    [Fact]
    public void Two_that_are_equal_are_one_probe()
    {
        Assert.Equal(Check("true"), Check("true"));
        Assert.NotEqual(Check("true"), Check("true") with { Vip = "10.0.0.2" });
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static ExternalCheck Check(string command) => new(new(IPAddress.Parse("192.0.2.7"), 8080), command) { Vip = "10.0.0.1", VirtualPort = 80 };

    private static async Task<string> Appears(string path)
    {
        while (!File.Exists(path))
        {
            await Task.Delay(5);
        }

        return await File.ReadAllTextAsync(path);
    }

    private static async Task AssertGone(string pids)
    {
        foreach (var pid in pids.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries))
        {
            // Killed, it may be a zombie for a moment, until who inherited it looks.
            for (var tries = 0; File.Exists($"/proc/{pid}/stat") && (await File.ReadAllTextAsync($"/proc/{pid}/stat")).Split(") ")[1][0] != 'Z'; tries++)
            {
                Assert.True(tries < 200, $"process {pid} lives");
                await Task.Delay(10);
            }
        }
    }
}
