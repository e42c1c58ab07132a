using System.Diagnostics;
using Director.Lab.Network;
using Director.Lab.Processes;

namespace Director.Lab.Tests.Network;

[Collection(LabCollection.Name)]
public class LabNetworkTests
{
    [SkippableFact]
    public void Nothing_is_left_after_disposal_whatever_still_ran()
    {
        Needs.Lab();
        LabNetwork network = new();
        LabHost host = network.AddHost("a");
        HostProcess sleeper = host.Start("sleep", "1000");
        host.Run("sh", "-c", "sleep 1000 > /dev/null 2>&1 &");
        string orphan = host.Run("pgrep", "-n", "-x", "sleep").Trim();

        network.Dispose();

        Assert.DoesNotContain(network.Prefix, Command.Run(["ip", "netns", "list"]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(network.Folder));
        Eventually.Holds(() => !IsRunning(orphan) && !IsRunning($"{sleeper.Id}"), TimeSpan.FromSeconds(5), () => "the processes are gone");
    }

    [SkippableFact]
    public void What_a_killed_lab_left_is_removed_by_the_next()
    {
        Needs.Lab();
        using Process maker = Process.Start("sleep", "1000");
        string left = $"dlab-{maker.Id}-1-a";
        Command.Run(["ip", "netns", "add", left]);
        string folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), $"dlab-{maker.Id}-1")).FullName;

        using (new LabNetwork())
        {
            Assert.Contains(left, Command.Run(["ip", "netns", "list"]), StringComparison.Ordinal);
        }

        maker.Kill();
        maker.WaitForExit();
        using (new LabNetwork())
        {
            Assert.DoesNotContain(left, Command.Run(["ip", "netns", "list"]), StringComparison.Ordinal);
            Assert.False(Directory.Exists(folder));
        }
    }

    [SkippableFact]
    public void A_command_that_fails_says_what_it_wrote()
    {
        Needs.Lab();
        using LabNetwork network = new();

        LabException problem = Assert.Throws<LabException>(() => network.AddHost("a").Ip("address add 10.0.0.1/24 dev nowhere"));

        Assert.Contains("nowhere", problem.Message, StringComparison.Ordinal);
    }

    // A zombie has ended; only its parent's wait is missing.
    private static bool IsRunning(string process) =>
        File.Exists($"/proc/{process}/stat") && !File.ReadAllText($"/proc/{process}/stat").Contains(") Z ", StringComparison.Ordinal);
}
