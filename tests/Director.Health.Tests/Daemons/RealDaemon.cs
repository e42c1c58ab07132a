using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;
using Director.Health.Tests.Checks;

namespace Director.Health.Tests.Daemons;

/// <summary>A real daemon on 127.0.0.1, with its configuration and data in a folder of its own. Nothing is left of it afterwards.</summary>
internal sealed partial class RealDaemon : IDisposable
{
    private const int Kill = 9, Continue = 18, Stop = 19;

    private readonly StringBuilder _log = new();
    private readonly string[] _as;
    private Process? _process;

    private RealDaemon(string user)
    {
        Folder = Directory.CreateTempSubdirectory("director-daemon-").FullName;
        _as = [];
        if (user.Length > 0)
        {
            Run("chown", user, Folder);
            _as = ["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups"];
        }
    }

    /// <summary>Its folder.</summary>
    public string Folder { get; }

    /// <summary>A port that nobody has, for TCP and UDP.</summary>
    public ushort Port { get; } = FreePort();

    /// <summary>Where it is asked.</summary>
    public CheckTarget Target => new(IPAddress.Loopback, Port);

    /// <summary>One whose program is there; otherwise the test is skipped.</summary>
    /// <param name="program">The program: a name, or a pattern below /usr/lib.</param>
    /// <param name="user">Whom it runs as; empty is root.</param>
    public static RealDaemon Of(string program, string user = "")
    {
        Skip.If(Environment.UserName != "root", "needs root");
        Skip.If(Find(program) is null, $"{program} is not installed");
        return new(user);
    }

    /// <summary>Writes a file into its folder.</summary>
    public string Write(string name, string content)
    {
        var path = Path.Combine(Folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    /// <summary>Runs a program to its end, which must be good.</summary>
    public void Run(string program, params string[] arguments)
    {
        using var process = Begin([], program, arguments);
        Assert.True(process.WaitForExit(TimeSpan.FromSeconds(60)) && process.ExitCode == 0, $"{program} failed: {Log}");
    }

    /// <summary>Starts it, and waits until a check passes.</summary>
    public async Task Start(HealthCheck check, string program, params string[] arguments)
    {
        _process = Begin(["setsid"], program, arguments);
        for (var started = Stopwatch.GetTimestamp(); !(await CheckRun.Ask(check, TimeSpan.FromSeconds(1), TimeProvider.System, default)).Passed;)
        {
            Assert.True(!_process.HasExited && Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(30), $"{program} does not start: {Log}");
            await Task.Delay(20);
        }
    }

    /// <summary>Asserts what a check finds.</summary>
    public async Task AssertAnswer(CheckAnswer expected, HealthCheck check)
    {
        var answer = await Scripted.Ask(check);
        Assert.True(expected == answer, $"{answer} in place of {expected}; {Log}");
    }

    /// <summary>Asserts that a check which passes is in time when the daemon hangs, passes again when it goes on, and fails in this way when it is killed.</summary>
    public async Task AssertHangsAndDies(HealthCheck check, string whenDead)
    {
        Signal(Stop);
        var hanging = await CheckRun.Ask(check, TimeSpan.FromMilliseconds(300), TimeProvider.System, default);
        Signal(Continue);
        Assert.Equal(CheckAnswer.Fail("no answer within 0.3 s"), hanging);
        var again = await Scripted.Ask(check);
        Assert.True(again.Passed, $"{again}; {Log}");
        Signal(Kill);
        await _process!.WaitForExitAsync();
        // The children of some have the sockets a moment longer.
        var answer = await Scripted.Ask(check);
        for (var tries = 0; tries < 100 && answer.Detail != whenDead; tries++)
        {
            await Task.Delay(10);
            answer = await CheckRun.Ask(check, TimeSpan.FromSeconds(1), TimeProvider.System, default);
        }

        Assert.Equal(CheckAnswer.Fail(whenDead), answer);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_process is not null)
        {
            Signal(Kill);
            _process.WaitForExit();
            _process.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }

    private string Log
    {
        get
        {
            lock (_log)
            {
                return _log.ToString();
            }
        }
    }

    /// <summary>A port that nobody has, for TCP and UDP.</summary>
    public static ushort FreePort()
    {
        while (true)
        {
            using var tcp = new TcpListener(IPAddress.Loopback, 0);
            tcp.Start();
            var port = ((IPEndPoint)tcp.LocalEndpoint).Port;
            try
            {
                using var udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, port));
                return (ushort)port;
            }
            catch (SocketException)
            {
                // Another.
            }
        }
    }

    private static string? Find(string program) => program.Contains('/', StringComparison.Ordinal)
        ? Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).Select(folder => $"{folder}/{program}").LastOrDefault(File.Exists) : null
        : new[] { "/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin", "/bin", "/sbin" }.Select(folder => $"{folder}/{program}").FirstOrDefault(File.Exists);

    private Process Begin(string[] first, string program, string[] arguments)
    {
        string[] command = [.. first, .. _as, Find(program) ?? program, .. arguments];
        var process = new Process
        {
            StartInfo = new(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = Folder },
        };
        process.OutputDataReceived += (_, line) => Add(line.Data);
        process.ErrorDataReceived += (_, line) => Add(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;

        void Add(string? line)
        {
            lock (_log)
            {
                _log.AppendLine(line);
            }
        }
    }

    private void Signal(int signal) => _ = kill(-_process!.Id, signal);

    [LibraryImport("libc")]
    private static partial int kill(int pid, int signal);
}
