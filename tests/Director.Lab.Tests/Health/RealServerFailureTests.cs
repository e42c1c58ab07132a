using System.Text.Json;
using Director.Lab.Load;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Tests.Directors;
using Director.Lab.Topologies;
using Xunit.Abstractions;

namespace Director.Lab.Tests.Health;

/// <summary>Real servers that fail in every way, under load, with a client that counts what it sees.</summary>
[Collection(LabCollection.Name)]
public sealed class RealServerFailureTests(ITestOutputHelper output)
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);

    /// <summary>Down after 0.2 + 2 x 0.5 s at most: two bad answers, 0.2 s apart, each half a second late at most.</summary>
    private const string Check = "check { type = http, request = \"/files/health.txt\", receive = well, interval = 200ms, retry-interval = 200ms, timeout = 500ms, rise = 2, fall = 2 }";

    [SkippableTheory]
    [InlineData(Topology.Nat)]
    [InlineData(Topology.Direct)]
    public void A_real_server_that_fails_in_any_way_gets_no_new_connections_and_comes_back(Topology topology)
    {
        Needs.Lab("nginx", "curl", "nft");
        using DirectorLab lab = new(topology);
        foreach (LabHost server in lab.Net.RealServers)
        {
            Directory.CreateDirectory(server.File("pages"));
            Heal(server);
            Start(server);
        }

        string panic = new ServiceConfiguration { Name = "panic", Port = 81, More = $"panic = 50\n{Check}" }.For(lab.Net, AddressPlan.IPv4);
        string www = new ServiceConfiguration { More = $"fallback = local\n{Check}" }.For(lab.Net, AddressPlan.IPv4);
        lab.BalanceServices([www, panic]);
        string vip = lab.Net.Vip(AddressPlan.IPv4);
        WaitFor(lab, "up", "up", "up");
        using HostProcess client = BuiltInPrograms.StartLoad(lab.Client, new($"{vip}:80") { Clients = 16, From = lab.Net.ClientAddresses(AddressPlan.IPv4), TimeoutSeconds = 5 });
        AwaitAnswers(client, 100);

        // The daemon dies.
        (LabHost rs1, LabHost rs2, LabHost rs3) = (lab.Net.RealServers[0], lab.Net.RealServers[1], lab.Net.RealServers[2]);
        Fails(lab, client, "the daemon is killed", () => Signal(rs1, "KILL"), "down", "up", "up");
        Start(rs1);
        WaitFor(lab, "up", "up", "up");
        AwaitAnswers(client, 50, "rs1");

        // Its host is cut off: SYNs that got no answer find another real server when they are repeated.
        Fails(lab, client, "the host is cut off", () => rs2.Ip("link set eth0 down"), "up", "down", "up");
        rs2.Ip("link set eth0 up");
        if (lab.Net.DirectorIsGateway)
        {
            // A link that was down has lost the routes over it.
            rs2.Ip($"route replace default via {lab.Net.Gateway(AddressPlan.IPv4)}");
        }

        WaitFor(lab, "up", "up", "up");

        // It hangs: the kernel accepts and nobody answers.
        Fails(lab, client, "the daemon hangs", () => Signal(rs3, "STOP"), "up", "up", "down");
        Signal(rs3, "CONT");
        WaitFor(lab, "up", "up", "up");

        // It serves the wrong page.
        Fails(lab, client, "the page is wrong", () => File.WriteAllText(Page(rs1), "ill"), "down", "up", "up");
        Heal(rs1);
        WaitFor(lab, "up", "up", "up");
        AwaitAnswers(client, 50, "rs1", "rs2", "rs3");
        client.Stop(TimeSpan.FromSeconds(15));
        LoadFigures figures = Last(client);
        output.WriteLine($"{topology}: {figures.ToJson()}");
        // What broke had reached the one that failed: it was refused by it, or waited for its answer.
        Assert.DoesNotContain("connect: timed out", figures.Failures.Keys);
        Assert.True(figures.IsLast && figures.Answered > 1000, figures.ToJson());

        // All fail at once: the fallback, or those that were good last.
        foreach (LabHost server in lab.Net.RealServers)
        {
            Signal(server, "KILL");
        }

        WaitFor(lab, "down", "down", "down");
        Eventually.Holds(() => lab.Curl($"{vip}/", "-o", "/dev/null", "-w", "%{http_code}") == "503", _patience, () => lab.Director.TryStatus().Output);
        Assert.Contains("\npanic: too many real servers have failed at once, the last good ones are kept\n", lab.Director.TryStatus().Output, StringComparison.Ordinal);
        // Two, or all three where their verdicts came in the same instant.
        Assert.InRange(Service(lab, "panic").GetProperty("servers").EnumerateArray().Count(server => server.GetProperty("weight").GetInt32() == 1), 2, 3);
        Start(rs2);
        WaitFor(lab, "down", "up", "down");
        Eventually.Holds(() => lab.Client.Try("curl", "-sS", "--max-time", "5", $"http://{vip}/").Output.StartsWith("rs2 ", StringComparison.Ordinal), _patience, () => lab.Director.TryStatus().Output);
        Assert.Equal("absent waits", $"{Service(lab, "panic").GetProperty("fallback").GetString()} {Service(lab, "www").GetProperty("fallback").GetString()}");
    }

    [SkippableFact]
    public void Maintenance_takes_a_real_server_out_by_command_file_and_folder_and_ends_what_is_left_of_its_connections()
    {
        Needs.Lab("nginx", "curl", "nft");
        using DirectorLab lab = new(Topology.Nat);
        string folder = lab.Net.Director.File("maintenance");
        Directory.CreateDirectory(folder);
        lab.Serve().Balance(new() { More = "drain-timeout = 2s" }, more: $"health {{ maintenance-directory = \"{folder}\" }}");
        string vip = $"{lab.Net.Vip(AddressPlan.IPv4)}:80";
        string rs1 = $"{lab.Net.RealServer(AddressPlan.IPv4, 1)}:80";
        using HostProcess client = BuiltInPrograms.StartLoad(lab.Client, new(vip) { Clients = 3, KeepAlive = true });
        AwaitAnswers(client, 20, "rs1", "rs2", "rs3");

        Assert.Equal("", Maintenance(lab, rs1, "on"));
        Assert.Equal(0, lab.Table()[rs1].Weight);
        Assert.StartsWith($"www/{rs1} maintenance", Maintenance(lab), StringComparison.Ordinal);
        // Its connection goes on for two seconds; then the client is told, and opens another elsewhere.
        client.WaitUntil(() => Last(client).Failed == 1, _patience, "the connection is ended");
        Eventually.Holds(() => lab.Table()[rs1] is (0, 0, _), _patience, () => lab.Director.Ipvsadm("-L", "-n"));
        client.Stop(TimeSpan.FromSeconds(15));
        Assert.Equal(1, Last(client).Failed);
        Assert.Equal("", Maintenance(lab, rs1, "off"));
        Assert.Equal(1, lab.Table()[rs1].Weight);

        File.WriteAllText(Path.Combine(folder, rs1), "");
        Eventually.Holds(() => lab.Table()[rs1].Weight == 1, _patience, () => "a command's word goes before the folder's");
        string rs2 = $"{lab.Net.RealServer(AddressPlan.IPv4, 2)}:80";
        File.WriteAllText(Path.Combine(folder, rs2), "");
        Eventually.Holds(() => lab.Table()[rs2].Weight == 0, _patience, () => lab.Director.TryStatus().Output);
        File.Delete(Path.Combine(folder, rs2));
        Eventually.Holds(() => lab.Table()[rs2].Weight == 1, _patience, () => lab.Director.TryStatus().Output);
    }

    /// <summary>A real server that answers for itself and not for the VIP serves no client: its own address says nothing of that.</summary>
    [SkippableTheory]
    [InlineData(Topology.Direct)]
    [InlineData(Topology.Tunnel)]
    public void A_check_through_the_service_finds_the_real_server_that_does_not_answer_for_the_VIP(Topology topology)
    {
        Needs.Lab("nginx", "curl", "nft");
        using DirectorLab lab = new(topology);
        string vip = lab.Net.Vip(AddressPlan.IPv4);
        lab.Serve().Balance(new() { More = Check.Replace("request = \"/files/health.txt\", receive = well", "request = \"/\", through-service = true", StringComparison.Ordinal) });
        WaitFor(lab, ["www"], "up", "up", "up");
        LabHost rs2 = lab.Net.RealServers[1];
        string[] devices = [.. rs2.Run("ip", "-o", "address", "show", "to", vip).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1])];
        rs2.Ip(devices.Select(device => $"address del {vip}/32 dev {device}"));
        WaitFor(lab, ["www"], "up", "down", "up");
        Assert.StartsWith("rs2 ", lab.Net.Director.Run("curl", "-sS", "--max-time", "5", $"http://{lab.Net.RealServer(AddressPlan.IPv4, 2)}/"), StringComparison.Ordinal);
        LoadFigures figures = lab.Load(300);
        Assert.True(figures is { Failed: 0, Answered: 300 } && figures.RealServers.GetValueOrDefault("rs2") == 0, figures.ToJson());
        rs2.Ip(devices.Select(device => $"address add {vip}/32 dev {device}"));
        WaitFor(lab, ["www"], "up", "up", "up");
        lab.Director.Dispose();
        Assert.DoesNotContain("lookup 3521", lab.Net.Director.Run("ip", "rule"), StringComparison.Ordinal);
        Assert.DoesNotContain("dir-checks", lab.Net.Director.Run("ip", "link"), StringComparison.Ordinal);
    }

    /// <summary>Lets a real server fail, and asserts that from the moment it is out no new connection fails.</summary>
    private void Fails(DirectorLab lab, HostProcess client, string how, Action fail, params string[] states)
    {
        long before = Refused(client);
        fail();
        WaitFor(lab, states);
        // What was under way when it was taken out has been counted with these.
        AwaitAnswers(client, 200);
        long refused = Refused(client);
        AwaitAnswers(client, 500);
        output.WriteLine($"{lab.Net.Topology}: {how}: {refused - before} connections refused before it was out");
        Assert.Equal(refused, Refused(client));
    }

    private static long Refused(HostProcess client) => Last(client).Failures.Where(failure => failure.Key.StartsWith("connect:", StringComparison.Ordinal)).Sum(failure => failure.Value);

    private static string Page(LabHost server) => Path.Combine(server.File("pages"), "health.txt");

    private static void Heal(LabHost server) => File.WriteAllText(Page(server), "well");

    private static void Start(LabHost server) => Nginx.Start(server, [80, 81], server.File("pages"));

    private static void Signal(LabHost server, string signal) => Command.Run(["sh", "-c", $"kill -{signal} $(ip netns pids {server.Namespace})"]);

    private static void WaitFor(DirectorLab lab, params string[] states) => WaitFor(lab, ["www", "panic"], states);

    private static void WaitFor(DirectorLab lab, string[] services, params string[] states) => Eventually.Holds(
        () => services.All(name => Service(lab, name).GetProperty("servers").EnumerateArray().Select(server => server.GetProperty("state").GetString()).SequenceEqual(states)),
        _patience,
        () => $"real servers are {string.Join(' ', states)}: {lab.Director.TryStatus().Output}");

    private static JsonElement Service(DirectorLab lab, string name)
    {
        using JsonDocument cluster = JsonDocument.Parse(lab.Net.Director.Run("curl", "-sS", "--retry", "20", "--retry-connrefused", "--retry-delay", "1", "--max-time", "30", "http://127.0.0.1:9090/cluster"));
        return cluster.RootElement.GetProperty("directors")[0].GetProperty("health").EnumerateArray().Single(service => service.GetProperty("name").GetString() == name).Clone();
    }

    private static string Maintenance(DirectorLab lab, params string[] arguments)
    {
        CommandResult result = lab.Net.Director.Try([.. DirectorProgram.With(["maintenance", .. arguments, "--socket", lab.Director.Socket])]);
        Assert.Equal("", result.Error);
        return result.Output;
    }

    private static LoadFigures Last(HostProcess client) => client.Output.TrimEnd().Split('\n')[^1] is { Length: > 0 } line ? LoadFigures.FromJson(line) : new();

    private static void AwaitAnswers(HostProcess client, int count, params string[] names)
    {
        LoadFigures before = Last(client);
        client.WaitUntil(
            () => Last(client) is var now && (names.Length == 0 ? now.Answered > before.Answered + count : names.All(name => now.RealServers.GetValueOrDefault(name) > before.RealServers.GetValueOrDefault(name) + count)),
            _patience,
            $"{count} answers of {string.Join(", ", names)}");
    }
}
