using System.Net;
using System.Net.Sockets;
using System.Text;
using Director.Lab.Load;
using Director.Lab.Web;

namespace Director.Lab.Tests.Load;

/// <summary>The load client and the built-in web server, on loopback.</summary>
public class LoadClientTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Every_answer_is_counted_under_the_name_of_its_server(bool keepAlive)
    {
        using CancellationTokenSource stop = new();
        StringWriter log = new();
        int port = FreePort();
        Task server = new WebServer("rs1", log).RunAsync(port, stop.Token);

        LoadFigures figures = await new LoadClient(new($"127.0.0.1:{port}") { Clients = 4, Requests = 100, KeepAlive = keepAlive, From = ["127.0.0.2", "127.0.0.3"] })
            .RunAsync(CancellationToken.None);
        await stop.CancelAsync();
        await server;

        Assert.Equal((100, 0, 0, 0), (figures.Answered, figures.Failed, figures.Disguised, figures.Open));
        Assert.Equal(100, figures.RealServers["rs1"]);
        Assert.InRange(figures.Median, 0.001, figures.Longest * 17 / 16);
        string[] lines = log.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(100, lines.Length);
        Assert.Equal(["127.0.0.2 /", "127.0.0.3 /"], lines.Distinct().Order());
    }

    [Fact]
    public async Task A_client_that_waits_asks_nothing_meanwhile_and_ends_with_the_others()
    {
        LoadFigures figures = await new LoadClient(new($"127.0.0.1:{FreePort()}") { Clients = 2, PauseSeconds = 1_000_000, Seconds = 0.1 }).RunAsync(CancellationToken.None);

        Assert.True(figures.IsLast);
        Assert.Equal((0, 0), (figures.Answered, figures.Failed));
    }

    [Fact]
    public async Task A_connection_that_is_refused_has_failed()
    {
        LoadFigures figures = await new LoadClient(new($"127.0.0.1:{FreePort()}") { Clients = 1, Requests = 2 }).RunAsync(CancellationToken.None);

        Assert.Equal((0, 2), (figures.Answered, figures.Failed));
        Assert.StartsWith("connect: ", Assert.Single(figures.Failures.Keys), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("", "answer: closed before its end")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nrs1 ", "answer: closed before its end")]
    [InlineData("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", "answer: HTTP/1.1 502 Bad Gateway")]
    [InlineData("HTTP/1.1 200 OK\r\n\r\n", "answer: no Content-Length")]
    public async Task An_answer_that_is_not_what_it_should_be_has_failed(string answer, string reason)
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Task<LoadFigures> client = new LoadClient(new(listener.LocalEndpoint.ToString()!) { Clients = 1, Requests = 1 }).RunAsync(CancellationToken.None);
        using (Socket connection = await listener.AcceptSocketAsync())
        {
            await connection.ReceiveAsync(new byte[4096]);
            await connection.SendAsync(Encoding.ASCII.GetBytes(answer));
        }

        LoadFigures figures = await client;

        Assert.Equal((0, 1), (figures.Answered, figures.Failed));
        Assert.Equal(reason, Assert.Single(figures.Failures.Keys));
    }

    [Fact]
    public async Task An_answer_for_another_address_than_the_clients_is_noticed()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        Task<LoadFigures> client = new LoadClient(new(listener.LocalEndpoint.ToString()!) { Clients = 1, Requests = 1 }).RunAsync(CancellationToken.None);
        using (Socket connection = await listener.AcceptSocketAsync())
        {
            await connection.ReceiveAsync(new byte[4096]);
            await connection.SendAsync("HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nrs1 192.0.2.1"u8.ToArray());
        }

        Assert.Equal(1, (await client).Disguised);
    }

    [Fact]
    public void Figures_survive_their_JSON()
    {
        LoadFigures figures = new() { Answered = 3, Failed = 1, RealServers = new() { ["rs1"] = 3 }, Failures = new() { ["connect: refused"] = 1 }, IsLast = true };

        LoadFigures read = LoadFigures.FromJson(figures.ToJson());

        Assert.Equal((3, 1, true), (read.Answered, read.Failed, read.IsLast));
        Assert.Equal(figures.RealServers, read.RealServers);
        Assert.Equal(figures.Failures, read.Failures);
        Assert.DoesNotContain('\n', figures.ToJson());
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
