using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Director.Cluster.Health;
using Director.Configuration;
using Xunit;

namespace Director.Cluster.Tests.Health;

public sealed class AlertsTests : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private static readonly Alert s_alert = new("www", "TCP 10.0.0.1:80", "10.0.1.1:80", "down", "http: \"refused\"; rm -rf /");

    private readonly ConcurrentQueue<string> _log = [];
    private readonly Alerts _alerts;
    private readonly string _file = Path.GetTempFileName();

    public AlertsTests() => _alerts = new Alerts("lb1", TimeProvider.System, _log.Enqueue);

    public void Dispose()
    {
        _alerts.Dispose();
        File.Delete(_file);
    }

    private static async Task Until(Func<bool> isSo)
    {
        var deadline = DateTime.UtcNow + s_patience;
        while (!isSo())
        {
            Assert.True(DateTime.UtcNow < deadline, "waited in vain");
            await Task.Delay(5);
        }
    }

    [Fact]
    public async Task A_command_finds_everything_in_its_environment_and_nothing_of_it_is_run()
    {
        _alerts.Plan = new AlertPlan { Command = $"printf '%s|' \"$DIRECTOR_NAME\" \"$DIRECTOR_SERVICE\" \"$DIRECTOR_ADDRESS\" \"$DIRECTOR_REAL_SERVER\" \"$DIRECTOR_STATE\" \"$DIRECTOR_DETAIL\" >> {_file}; echo >> {_file}" };
        _alerts.Raise(s_alert);
        await Until(() => File.ReadAllText(_file).EndsWith('\n'));
        Assert.Equal("lb1|www|TCP 10.0.0.1:80|10.0.1.1:80|down|http: \"refused\"; rm -rf /|\n", File.ReadAllText(_file));
    }

    [Fact]
    public async Task A_command_that_fails_is_said_and_the_next_alert_comes_all_the_same()
    {
        _alerts.Plan = new AlertPlan { Command = "exit 3" };
        _alerts.Raise(s_alert);
        await Until(() => _log.Contains("warning: alerts: the command ended with status 3"));
        _alerts.Plan = new AlertPlan { Command = $"echo told >> {_file}" };
        _alerts.Raise(s_alert);
        await Until(() => File.ReadAllText(_file) == "told\n");
    }

    [Fact]
    public async Task A_webhook_gets_an_object()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _alerts.Plan = new AlertPlan { Webhook = new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/hook") };
        _alerts.Raise(s_alert);
        using var accepted = await listener.AcceptTcpClientAsync();
        var request = await Request(accepted.GetStream());
        await accepted.GetStream().WriteAsync("HTTP/1.1 500 no\r\nContent-Length: 0\r\n\r\n"u8.ToArray());
        Assert.StartsWith("POST /hook HTTP/1.1\r\n", request, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(request[request.IndexOf('{', StringComparison.Ordinal)..(request.LastIndexOf('}') + 1)]);
        string Of(string name) => json.RootElement.GetProperty(name).GetString()!;
        Assert.Equal(("lb1", "www", "TCP 10.0.0.1:80", "10.0.1.1:80", "down", s_alert.Detail), (Of("director"), Of("service"), Of("address"), Of("realServer"), Of("state"), Of("detail")));
        await Until(() => _log.Contains("warning: alerts: 127.0.0.1 answered 500"));
    }

    [Fact]
    public async Task Mail_goes_to_whom_it_should()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        _alerts.Plan = new AlertPlan { Mail = new MailConfiguration { Server = $"127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}", From = "director@example.org", To = ["oncall@example.org"] } };
        _alerts.Raise(s_alert);
        using var accepted = await listener.AcceptTcpClientAsync();
        var mail = await Mail(accepted.GetStream());
        Assert.Contains("RCPT TO:<oncall@example.org>", mail, StringComparison.Ordinal);
        Assert.Contains("Subject: [lb1] www: real server 10.0.1.1:80 is down: http: ", mail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Beyond_the_limit_alerts_are_left_out()
    {
        _alerts.Plan = new AlertPlan { Command = $"echo told >> {_file}", Limit = 2 };
        for (var i = 0; i < 5; i++)
        {
            _alerts.Raise(s_alert);
        }

        _alerts.Dispose();
        await Until(() => File.ReadAllText(_file) == "told\ntold\n");
    }

    private static async Task<string> Request(NetworkStream stream)
    {
        StringBuilder text = new();
        var buffer = new byte[4096];
        while (!text.ToString().Contains('}', StringComparison.Ordinal))
        {
            text.Append(Encoding.UTF8.GetString(buffer, 0, await stream.ReadAsync(buffer)));
        }

        return text.ToString();
    }

    private static async Task<string> Mail(NetworkStream stream)
    {
        using StreamReader reader = new(stream, leaveOpen: true);
        StringBuilder said = new();
        async Task Answer(string line) => await stream.WriteAsync(Encoding.ASCII.GetBytes(line + "\r\n"));
        await Answer("220 test");
        var isBody = false;
        while (await reader.ReadLineAsync() is { } line)
        {
            said.AppendLine(line);
            if (isBody)
            {
                if (line == ".")
                {
                    break;
                }

                continue;
            }

            isBody = line == "DATA";
            await Answer(isBody ? "354 go on" : "250 ok");
        }

        await Answer("250 ok");
        return said.ToString();
    }
}
