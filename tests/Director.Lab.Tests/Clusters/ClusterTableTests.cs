using System.Text.Json;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Clusters;

/// <summary>One table for all directors: what <c>ipvsadm</c> changes on one, and what every one shows of the others.</summary>
public class ClusterTableTests
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);

    [SkippableFact]
    public void An_edit_on_one_director_holds_on_all_and_outlives_it_and_every_director_shows_the_others()
    {
        Needs.Lab("nft", "curl");
        using ClusterLab lab = new(Topology.Nat);
        Eventually.Holds(() => Members(lab, 1) == 2 && Members(lab, 2) == 2, _patience, () => $"both are members; {lab.Said}");

        lab.Director(2).Ipvsadm("-A", "-t", "192.0.2.80:8080", "-s", "sh");
        lab.Director(2).Ipvsadm("-a", "-t", "192.0.2.80:8080", "-r", "192.0.2.99:80", "-m", "-w", "7");
        lab.Director(2).Ipvsadm("--set", "1234", "0", "0");
        Eventually.Holds(() => Rules(lab, 1) == Rules(lab, 2) && Rules(lab, 1).Contains("-r 192.0.2.99:80 -m -w 7", StringComparison.Ordinal), _patience, () => $"both have the rules: {Rules(lab, 1)}");
        Assert.Equal(255, lab.Director(1).TryIpvsadm("-A", "-t", "192.0.2.80:8080").ExitCode);
        Assert.Contains("tcp tcpfin udp): 1234 ", lab.Director(1).Ipvsadm("-L", "--timeout"), StringComparison.Ordinal);
        Assert.Contains("differs from the file: virtual service TCP 192.0.2.80:8080 added: sh", lab.Director(1).TryStatus().Output, StringComparison.Ordinal);

        string[] names = [.. Enumerable.Range(1, 2).Select(number => Status(lab, number).GetProperty("name").GetString()!)];
        for (int number = 1; number <= 2; number++)
        {
            string Get(string path) => lab.Net.Directors[number - 1].Try(["curl", "--silent", "--show-error", "--fail", $"http://127.0.0.1:9090{path}"]).Output;
            Eventually.Holds(() => names.All(name => Get("/metrics").Contains($"\ndirector_up{{director=\"{name}\"}} 1\n", StringComparison.Ordinal)), _patience, () => Get("/metrics"));
            using JsonDocument cluster = JsonDocument.Parse(Get("/cluster"));
            Assert.Equal(2, cluster.RootElement.GetProperty("members").GetArrayLength());
            Assert.Contains("<title>director</title>", Get("/"), StringComparison.Ordinal);
        }

        lab.Kill(2);
        Assert.Contains("-r 192.0.2.99:80 -m -w 7", Rules(lab, 1), StringComparison.Ordinal);
        lab.Director(1).Ipvsadm("-e", "-t", "192.0.2.80:8080", "-r", "192.0.2.99:80", "-m", "-w", "9");
        lab.StartAgain(2);
        Eventually.Holds(() => Rules(lab, 2) == Rules(lab, 1) && Rules(lab, 2).Contains("-r 192.0.2.99:80 -m -w 9", StringComparison.Ordinal), _patience, () => $"it has learnt the rules: {Rules(lab, 2)}; {lab.Said}");
    }

    private static string Rules(ClusterLab lab, int number) => lab.Director(number).Ipvsadm("-S", "-n");

    private static int Members(ClusterLab lab, int number) =>
        Status(lab, number).GetProperty("cluster").GetProperty("members").EnumerateArray().Count(static member => member.GetProperty("status").GetString() == "up");

    private static JsonElement Status(ClusterLab lab, int number) => JsonDocument.Parse(lab.Director(number).TryStatus("--json").Output).RootElement;
}
