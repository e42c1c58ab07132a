using System.Diagnostics;
using Director.Control;
using Director.Tests.Ipvsadm;
using Xunit;

namespace Director.Tests.Commands;

/// <summary>The real program, as a process.</summary>
public sealed class CommandLineTests : IDisposable
{
    private static readonly string Program = Path.Combine(AppContext.BaseDirectory, "director");
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    private readonly string _directory = Directory.CreateTempSubdirectory("director-command-").FullName;

    private string Socket => Path.Combine(_directory, "director.sock");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Theory]
    [InlineData("-A -t 10.0.0.1", 2, "Zero port specified for non-persistent service\n")]
    [InlineData("-A -t 10.0.0.1:80 --stats", 2, "Illegal 'stats' option with the 'add-service' command\n")]
    [InlineData("-t 10.0.0.1:80", 255, "Try `ipvsadm -h' or 'ipvsadm --help' for more information.\n")]
    [InlineData("-a -t 10.0.0.1:80 -r 10.1.0.1 -w", 255, "-w: missing argument\n")]
    [InlineData("-L --version", 2, "invalid option `--version'\n")]
    [InlineData("--start-daemon frob", 2, "illegal start-daemon parameter specified\n")]
    public async Task Wrong_options_of_ipvsadm_need_no_director_to_be_refused(string commandLine, int exitCode, string error) =>
        Assert.Equal(new Printed(exitCode, "", error), await Run(Program, $"ipvsadm {commandLine}"));

    [Fact]
    public async Task Called_by_the_name_ipvsadm_it_is_ipvsadm()
    {
        string link = Path.Combine(_directory, "ipvsadm");
        File.CreateSymbolicLink(link, Program);
        Assert.Equal(new Printed(0, "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n", ""), await Run(link, "-v"));
        Assert.Equal(new Printed(255, "", $"Try `{link} -h' or '{link} --help' for more information.\n"), await Run(link, "frob"));
        Printed help = await Run(link, "--help");
        Assert.StartsWith($"ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\nUsage:\n  {link} -A|E virtual-service [-s scheduler]", help.Output, StringComparison.Ordinal);
        Assert.EndsWith("  --mcast-ttl ttl                     Multicast TTL (default=1)\n", help.Output, StringComparison.Ordinal);
        Assert.Equal((0, ""), (help.ExitCode, help.Errors));
    }

    [Fact]
    public async Task Without_a_director_a_command_says_so_and_how_to_start_one()
    {
        string error = $"director: no director runs here (nothing listens on {Socket}): start one with 'director run --config FILE'\n";
        Assert.Equal(new Printed(2, "", error), await Run(Program, "ipvsadm -L -n"));
        Assert.Equal(new Printed(2, "", error), await Run(Program, "ipvsadm"));
        Assert.Equal(new Printed(1, "", error), await Run(Program, "status"));
        string other = Path.Combine(_directory, "other.sock");
        Assert.Equal(new Printed(1, "", error.Replace(Socket, other, StringComparison.Ordinal)), await Run(Program, $"status --socket {other}"));
        Assert.Equal(new Printed(2, "", error.Replace(Socket, other, StringComparison.Ordinal)), await Run(Program, $"ipvsadm --socket {other} -L"));
    }

    [Fact]
    public async Task Ipvsadm_changes_lists_saves_and_restores_the_table_of_the_running_director()
    {
        Table table = new();
        await using ControlServer server = ControlServer.Listen(Socket, table, static _ => { });
        Printed done = new(0, "", "");
        Assert.Equal(done, await Run(Program, "ipvsadm -A -t 10.0.0.1:80 -s wrr -p 60"));
        Assert.Equal(done, await Run(Program, "ipvsadm -a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 3 -x 10"));
        Assert.Equal(new Printed(255, "", "Service already exists\n"), await Run(Program, "ipvsadm -A -t 10.0.0.1:80"));
        Assert.Equal(new Printed(255, "", "Scheduler or persistence engine not found\n"), await Run(Program, "ipvsadm -A -t 10.0.0.2:80 -s frob"));
        Assert.Equal(
            """
            IP Virtual Server version 1.2.1 (size=4096)
            Prot LocalAddress:Port Scheduler Flags
              -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
            TCP  10.0.0.1:80 wrr persistent 60
              -> 10.1.0.1:8080                Masq    3      0          0         

            """,
            (await Run(Program, "ipvsadm -L -n")).Output);
        Printed saved = await Run(Program, "ipvsadm -S -n");
        Assert.Equal("-A -t 10.0.0.1:80 -s wrr -p 60\n-a -t 10.0.0.1:80 -r 10.1.0.1:8080 -m -w 3 -x 10\n", saved.Output);
        Assert.Equal(done, await Run(Program, "ipvsadm -C"));
        Assert.Equal(new Printed(0, "", ""), await Run(Program, "ipvsadm -S -n"));
        Assert.Equal(done, await Run(Program, "ipvsadm -R", saved.Output));
        Assert.Equal(saved, await Run(Program, "ipvsadm -S -n"));
        Assert.Equal(done, await Run(Program, "ipvsadm --set 0 60 0"));
        Assert.Equal(new Printed(0, "Timeout (tcp tcpfin udp): 900 60 300\n", ""), await Run(Program, "ipvsadm -L --timeout"));
    }

    [Theory]
    [InlineData("", "director: Required command was not provided. (see 'director --help')\n")]
    [InlineData("frob", "director: Unrecognized command or argument 'frob'. (see 'director --help')\n")]
    [InlineData("run", "director: Option '--config' is required. (see 'director run --help')\n")]
    [InlineData("run --config x --frob", "director: Unrecognized command or argument '--frob'. (see 'director run --help')\n")]
    [InlineData("prepare frob --vip 10.0.0.1", "director: Argument 'frob' not recognized. Must be one of: 'direct' 'tunnel' (see 'director prepare --help')\n")]
    [InlineData("decapsulate --vip frob", "director: --vip: 'frob' is not an address such as 172.17.60.201 or fd00::1 (see 'director decapsulate --help')\n")]
    [InlineData("import apache f", "director: 'apache' is nothing to import from; one of ldirectord, keepalived, ipvsadm, heartbeat, saru, feedbackd is right (see 'director import --help')\n")]
    [InlineData("check", "director: Required argument missing for command: 'check'. (see 'director check --help')\n")]
    public async Task A_wrong_command_line_is_one_line_and_exit_status_2(string commandLine, string error) =>
        Assert.Equal(new Printed(2, "", error), await Run(Program, commandLine));

    [Fact]
    public async Task Every_command_has_help_with_an_example()
    {
        foreach (string command in new[] { "run", "check", "import", "status", "lab", "prepare", "decapsulate", "certificate" })
        {
            Printed help = await Run(Program, $"{command} --help");
            Assert.Equal((0, ""), (help.ExitCode, help.Errors));
            Assert.Contains($"Example:\n  director {command}", help.Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_version_names_the_packages()
    {
        Printed version = await Run(Program, "--version");
        Assert.Matches(@"^director \d+\.\d+\.\d+ \(packages: (nuget|compat)\)\n$", version.Output);
        Assert.Equal((0, ""), (version.ExitCode, version.Errors));
    }

    [Fact]
    public async Task Check_prints_every_error_or_a_summary()
    {
        string good = Write("good.conf", """director { virtual-services { www { protocol = tcp, address = "10.0.0.1:80", forwarding = nat, real-servers = [ { address = "10.1.0.1:80" } ] } } }""");
        Assert.Equal(new Printed(0, "ok: 1 virtual service, 1 real server, 0 mark rules, 0 masquerade rules\n", ""), await Run(Program, $"check {good}"));
        Assert.Contains("\"ok\": true", (await Run(Program, $"check --json {good}")).Output, StringComparison.Ordinal);
        string bad = Write("bad.conf", "director {\n  frob = 1\n  engine { workers = 65 }\n}");
        Printed printed = await Run(Program, $"check {bad}");
        Assert.Equal((1, ""), (printed.ExitCode, printed.Output));
        Assert.Contains($"{bad}:2: director.frob", printed.Errors, StringComparison.Ordinal);
        Assert.Contains($"{bad}:3: director.engine.workers", printed.Errors, StringComparison.Ordinal);
        Printed json = await Run(Program, $"check --json {bad}");
        Assert.Equal((1, ""), (json.ExitCode, json.Errors));
        Assert.Contains("\"ok\": false", json.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_refuses_a_bad_configuration_and_a_second_director()
    {
        string bad = Write("bad.conf", "director { frob = 1 }");
        Printed refused = await Run(Program, $"run --config {bad}");
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("(packages: ", refused.Output.Split('\n')[0], StringComparison.Ordinal);
        Assert.StartsWith($"{bad}:1: director.frob", refused.Errors, StringComparison.Ordinal);

        await using ControlServer living = ControlServer.Listen(Socket, new Table(), static _ => { });
        string good = Write("good.conf", "director { }");
        Printed second = await Run(Program, $"run --config {good} --socket {Socket}");
        Assert.Equal(
            (1, $"director: a director already runs here: it listens on {Socket}; stop it first, or name another path with --socket\n"), (second.ExitCode, second.Errors));
    }

    [Fact]
    public async Task Import_writes_a_configuration_and_says_by_its_status_whether_all_is_in_it()
    {
        string rules = Write("rules", "-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.1.0.1:80 -m -w 1\n");
        Printed whole = await Run(Program, $"import ipvsadm {rules}");
        Assert.Equal((0, "everything has a counterpart\n"), (whole.ExitCode, whole.Errors));
        Assert.StartsWith($"# Made of {rules} by 'director import ipvsadm'.", whole.Output, StringComparison.Ordinal);

        string script = Write("script", "--set 60 60 60\nmodprobe ip_vs\n");
        string file = Path.Combine(_directory, "director.conf");
        Printed partial = await Run(Program, $"import ipvsadm {rules} {script} -o {file}");
        Assert.Equal((3, ""), (partial.ExitCode, partial.Output));
        Assert.StartsWith($"note: {script}:2: modprobe ip_vs: ", partial.Errors, StringComparison.Ordinal);
        Assert.EndsWith("\n1 thing has no counterpart\n", partial.Errors, StringComparison.Ordinal);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        Assert.Equal(new Printed(0, "ok: 1 virtual service, 1 real server, 0 mark rules, 0 masquerade rules\n", ""), await Run(Program, $"check {file}"));

        string bad = Write("bad", "-A -t 10.0.0.1:80 -s frob\n");
        string never = Path.Combine(_directory, "never.conf");
        Printed refused = await Run(Program, $"import ipvsadm {bad} -o {never}");
        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.StartsWith($"{bad}:1: director.virtual-services.", refused.Errors, StringComparison.Ordinal);
        Assert.False(File.Exists(never));

        Assert.Contains("\"configuration\": \"# Made of", (await Run(Program, $"import --json ipvsadm {rules}")).Output, StringComparison.Ordinal);
        Assert.Equal(
            new Printed(1, "", $"director: {never}: cannot be read: Could not find file '{never}'.\n"), await Run(Program, $"import ipvsadm {never}"));
    }

    private string Write(string name, string text)
    {
        string path = Path.Combine(_directory, name);
        File.WriteAllText(path, text);
        return path;
    }

    private async Task<Printed> Run(string program, string commandLine, string input = "")
    {
        ProcessStartInfo start = new(program, commandLine)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { [ControlSocket.Variable] = Socket },
        };
        using Process process = Process.Start(start)!;
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> errors = process.StandardError.ReadToEndAsync();
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading.
        }

        try
        {
            await process.WaitForExitAsync().WaitAsync(Deadline);
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        return new(process.ExitCode, await output, await errors);
    }

    private sealed class Table : IControlled
    {
        private readonly TableDirector _director = new();

        public Task<ControlResponse> Handle(ControlRequest request, CancellationToken cancellation)
        {
            lock (_director)
                return Task.FromResult(_director.Ask(request));
        }
    }
}
