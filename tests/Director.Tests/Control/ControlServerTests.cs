using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Director.Cluster.Telemetry;
using Director.Cluster.VirtualServices;
using Director.Control;
using Director.Forwarding;
using Director.Tests.Ipvsadm;
using Xunit;

namespace Director.Tests.Control;

public sealed class ControlServerTests : IDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly string _directory = Directory.CreateTempSubdirectory("director-control-").FullName;
    private readonly List<string> _log = [];
    private readonly Answering _answering = new();

    private string Socket => Path.Combine(_directory, "director.sock");

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public async Task Requests_are_answered_in_order_over_one_connection()
    {
        await using ControlServer server = Listen();
        using ControlClient client = ControlClient.Connect(Socket);
        VirtualServiceSpec service = new(ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("fd00::1"), 80))
        {
            Scheduler = "mh",
            SchedulerFlags = SchedulerFlags.Fallback | SchedulerFlags.Port,
            Persistence = new(60, 64),
            Access = new([IPNetwork.Parse("fd00::/8")], [IPNetwork.Parse("10.0.0.0/8")]),
        };
        RealServerSpec server1 = new(IPAddress.Parse("10.1.0.1"), 80) { Method = ForwardingMethod.Tunnel, Tunnel = new(TunnelType.Gue, 6080, TunnelChecksum.Remote), UpperThreshold = 7 };
        Assert.Null(client.Ask(Edit(new AddService(service))).Error);
        Assert.Equal(ControlError.Refused, client.Ask(Edit(new AddService(service))).Error);
        Assert.Null(client.Ask(Edit(new AddServer(service.Key, server1))).Error);
        Assert.Null(client.Ask(Edit(new SetTimeouts(0, 60, 0))).Error);
        DirectorFigures report = client.Ask(new ControlRequest.Report()).Report!;
        VirtualServiceReport found = Assert.Single(report.Engine.Services);
        Assert.Equal(server1, Assert.Single(found.RealServers).Spec);
        Assert.Equal((service.Key, "mh", service.SchedulerFlags, service.Persistence), (found.Spec.Key, found.Spec.Scheduler, found.Spec.SchedulerFlags, found.Spec.Persistence));
        Assert.Equal(service.Access.Allow, found.Spec.Access.Allow.AsEnumerable());
        Assert.Equal(service.Access.Deny, found.Spec.Access.Deny.AsEnumerable());
        Assert.Equal(new Timeouts(900, 60, 300), report.Timeouts);
    }

    [Fact]
    public async Task Every_request_arrives_as_it_was_sent()
    {
        await using ControlServer server = Listen();
        using ControlClient client = ControlClient.Connect(Socket);
        ServiceKey mark = ServiceKey.ForMark(uint.MaxValue, isIPv6: true);
        ServiceKey udp = ServiceKey.ForAddress(Protocol.Udp, IPAddress.Parse("10.0.0.1"), 0);
        RealServerSpec spec = new(IPAddress.Parse("fd00::2"), 65535) { Weight = 0 };
        ControlRequest[] requests =
        [
            new ControlRequest.Zero(null), new ControlRequest.Zero(mark), Edit(new DeleteService(udp)), Edit(new AddServer(mark, spec)), Edit(new EditServer(udp, spec)),
            Edit(new DeleteServer(mark, IPAddress.Parse("fd00::2"), 1)), Edit(new ClearServices()), Edit(new SetTimeouts(1, 2, 3)),
        ];
        foreach (ControlRequest request in requests)
            client.Ask(request);
        Assert.Equal(requests, _answering.Requests);
    }

    [Fact]
    public async Task Many_connections_arrive_whole_in_several_lines()
    {
        ConnectionReport[] connections =
        [
            .. Enumerable.Range(0, 10_000).Select(static number => new ConnectionReport(
                6, "ESTABLISHED", number, new(IPAddress.Parse("fd00::9"), number), IPEndPoint.Parse("10.0.0.1:80"), IPEndPoint.Parse("10.1.0.1:8080"), ForwardingMethod.Nat, false, 0)),
        ];
        _answering.Connections = [.. connections];
        await using ControlServer server = Listen();
        using ControlClient client = ControlClient.Connect(Socket);
        Assert.Equal(connections, client.Ask(new ControlRequest.Connections()).Connections!.Value.AsEnumerable());
        _answering.Connections = [];
        Assert.Empty(client.Ask(new ControlRequest.Connections()).Connections!.Value);
    }

    [Theory]
    [InlineData("frob")]
    [InlineData("{}")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("")]
    [InlineData("{\"request\":\"frob\",\"version\":1}")]
    [InlineData("{\"request\":\"edit\",\"version\":1}")]
    [InlineData("{\"request\":\"edit\",\"change\":{\"edit\":\"delete-service\",\"service\":\"TCP frob\"}}")]
    [InlineData("{\"request\":\"edit\",\"change\":{\"edit\":\"delete-service\",\"service\":\"FWM 0\"}}")]
    [InlineData("{\"request\":\"edit\",\"change\":{\"edit\":\"delete-service\",\"service\":{\"key\":1}}}")]
    [InlineData("{\"request\":\"edit\",\"change\":{\"edit\":\"delete-server\",\"service\":\"FWM 1\",\"address\":\"10.0.0.1\",\"port\":65536}}")]
    [InlineData("{\"request\":\"edit\",\"change\":{\"edit\":\"add-service\",\"service\":{\"key\":\"FWM 1\",\"scheduler\":null}}}")]
    [InlineData("{\"request\":\"edit\",\"change\":{\"edit\":\"frob\"}}")]
    [InlineData("{\"request\":\"report\",\"version\":2}")]
    [InlineData("\u0000\u0001\u0002")]
    public async Task Garbage_is_refused_in_one_line_and_the_connection_ends(string line)
    {
        await using ControlServer server = Listen();
        using StreamReader reader = new(await Send(line + "\n"));
        Assert.Contains("\"error\":\"BadRequest\"", await reader.ReadLineAsync(), StringComparison.Ordinal);
        Assert.Null(await reader.ReadLineAsync());
        Assert.Empty(_answering.Requests);
        AssertStillAnswers();
    }

    [Fact]
    public async Task A_request_without_end_is_refused_once_it_is_too_long()
    {
        await using ControlServer server = Listen();
        NetworkStream stream = await Send("");
        using StreamReader reader = new(stream);
        // The director may close while we still write: that is its right.
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(new string('x', 4 * ControlServer.LongestRequest)));
        }
        catch (IOException)
        {
        }

        string? answer = null;
        try
        {
            answer = await reader.ReadLineAsync();
        }
        catch (IOException)
        {
        }

        Assert.True(answer is null || answer.Contains("BadRequest", StringComparison.Ordinal), answer);
        AssertStillAnswers();
    }

    [Fact]
    public async Task A_half_request_and_a_client_that_reads_nothing_hold_nobody_up_and_are_dropped()
    {
        ImmutableArray<ConnectionReport> connections =
            [.. Enumerable.Repeat(new ConnectionReport(6, "NONE", 0, IPEndPoint.Parse("10.9.0.1:1"), IPEndPoint.Parse("10.0.0.1:80"), IPEndPoint.Parse("10.1.0.1:80"), 0, false, 0), 100_000)];
        _answering.Connections = connections;
        await using ControlServer server = Listen(patience: TimeSpan.FromMilliseconds(300));
        NetworkStream half = await Send("{\"request\":\"rep");
        NetworkStream slow = await Send("{\"request\":\"connections\"}\n");
        AssertStillAnswers();
        await AssertEnds(half);
        // What fits into the socket's buffer arrives; then the director has given up.
        Assert.InRange(await ReadToEnd(slow), 1, 10_000_000);
        AssertStillAnswers();
    }

    [Fact]
    public async Task Hundreds_of_clients_are_served_or_turned_away()
    {
        await using ControlServer server = Listen();
        List<NetworkStream> idle = [];
        for (int client = 0; client < ControlServer.MostClients; client++)
            idle.Add(await Send(""));
        // One too many: turned away without an answer.
        await AssertEnds(await Send(""));
        foreach (NetworkStream client in idle)
            await client.DisposeAsync();
        await Until(() =>
        {
            try
            {
                AssertStillAnswers();
                return true;
            }
            catch (OperatorException)
            {
                return false;
            }
        });
        // The clients wait on threads of their own: the pool's are the server's.
        ControlResponse[] responses = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Factory.StartNew(
            () =>
            {
                using ControlClient client = ControlClient.Connect(Socket);
                return client.Ask(new ControlRequest.Report());
            },
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)));
        Assert.All(responses, static response => Assert.NotNull(response.Report));
    }

    [Fact]
    public async Task A_defect_while_answering_is_logged_and_told_in_one_line()
    {
        _answering.Defect = new InvalidOperationException("one\ntwo");
        await using ControlServer server = Listen();
        using ControlClient client = ControlClient.Connect(Socket);
        ControlResponse response = client.Ask(Edit(new ClearServices()));
        Assert.Equal((ControlError.Failed, "InvalidOperationException: one two"), (response.Error!.Value, response.Message));
        Assert.Contains("InvalidOperationException", Assert.Single(_log), StringComparison.Ordinal);
        _answering.Defect = null;
        Assert.Null(client.Ask(Edit(new ClearServices())).Error);
    }

    [Fact]
    public async Task Only_the_owner_may_connect()
    {
        await using ControlServer server = Listen();
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Socket));
        Assert.Equal([Socket], Directory.GetFileSystemEntries(_directory));
    }

    [Fact]
    public async Task A_living_director_keeps_its_socket()
    {
        await using ControlServer server = Listen();
        OperatorException refused = Assert.Throws<OperatorException>(() => Listen());
        Assert.Equal($"a director already runs here: it listens on {Socket}; stop it first, or name another path with --socket", refused.Message);
        AssertStillAnswers();
    }

    [Fact]
    public async Task The_socket_of_a_killed_director_is_taken_over()
    {
        using (Socket killed = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            killed.Bind(new UnixDomainSocketEndPoint(Socket + ".other"));
            killed.Listen();
            File.Move(Socket + ".other", Socket);
        }

        Assert.True(File.Exists(Socket));
        await using ControlServer server = Listen();
        AssertStillAnswers();
    }

    [Fact]
    public async Task The_socket_is_gone_after_a_stop()
    {
        ControlServer server = Listen();
        NetworkStream idle = await Send("");
        await server.DisposeAsync();
        await AssertEnds(idle);
        Assert.Empty(Directory.GetFileSystemEntries(_directory));
        OperatorException missing = Assert.Throws<OperatorException>(() => ControlClient.Connect(Socket));
        Assert.Equal($"no director runs here (nothing listens on {Socket}): start one with 'director run --config FILE'", missing.Message);
    }

    [Fact]
    public void A_file_that_is_no_socket_is_not_touched()
    {
        File.WriteAllText(Socket, "precious");
        OperatorException refused = Assert.Throws<OperatorException>(() => Listen());
        Assert.Equal($"{Socket} is there and is not a director's socket: remove it, or name another path with --socket", refused.Message);
        Assert.Equal("precious", File.ReadAllText(Socket));
    }

    [Theory]
    [InlineData("missing/director.sock", "there is no directory")]
    [InlineData("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "107 bytes")]
    public void A_path_that_cannot_be_used_is_explained(string path, string reason)
    {
        OperatorException refused = Assert.Throws<OperatorException>(() => ControlServer.Listen(Path.Combine(_directory, path), _answering, _log.Add));
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    /// <summary>The director has nothing more to say to this client. A connection that it had not looked at yet is reset.</summary>
    private static async Task AssertEnds(NetworkStream stream)
    {
        try
        {
            Assert.Equal(0, await stream.ReadAsync(new byte[1]).AsTask().WaitAsync(Deadline));
        }
        catch (IOException reset) when (reset.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
        }
    }

    private static async Task<long> ReadToEnd(Stream stream)
    {
        long total = 0;
        byte[] buffer = new byte[1 << 16];
        // Waits first, as a client that sleeps would.
        await Task.Delay(TimeSpan.FromSeconds(1));
        try
        {
            while (await stream.ReadAsync(buffer).AsTask().WaitAsync(Deadline) is > 0 and int count)
                total += count;
        }
        catch (IOException)
        {
        }

        return total;
    }

    private static async Task Until(Func<bool> condition)
    {
        DateTime end = DateTime.UtcNow + Deadline;
        while (!condition())
        {
            Assert.True(DateTime.UtcNow < end, "not in time");
            await Task.Delay(20);
        }
    }

    private static ControlRequest.Edit Edit(TableEdit edit) => new(edit);

    private ControlServer Listen(TimeSpan? patience = null) => ControlServer.Listen(Socket, _answering, _log.Add, patience);

    private async Task<NetworkStream> Send(string text)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(Socket));
        NetworkStream stream = new(socket, ownsSocket: true);
        await stream.WriteAsync(Encoding.UTF8.GetBytes(text));
        return stream;
    }

    private void AssertStillAnswers()
    {
        using ControlClient client = ControlClient.Connect(Socket);
        Assert.NotNull(client.Ask(new ControlRequest.Report()).Report);
    }

    private sealed class Answering : IControlled
    {
        private readonly TableDirector _table = new();

        public List<ControlRequest> Requests { get; } = [];

        public ImmutableArray<ConnectionReport> Connections { get; set; } = [];

        public Exception? Defect { get; set; }

        public Task<ControlResponse> Handle(ControlRequest request, CancellationToken cancellation)
        {
            lock (Requests)
            {
                if (request is not ControlRequest.Report)
                    Requests.Add(request);
                return Defect is not null ? throw Defect
                    : Task.FromResult(request is ControlRequest.Connections ? new() { Connections = Connections } : _table.Ask(request));
            }
        }
    }
}
