using System.Net;
using System.Net.Sockets;
using Director.Cluster.Availability;
using Director.Configuration;
using Xunit;

namespace Director.Cluster.Tests.Availability;

public sealed class GroupMailTests
{
    private readonly List<string> _log = [];

    [Fact]
    public async Task A_mail_has_its_sender_receivers_subject_and_text()
    {
        using TcpListener server = new(IPAddress.Loopback, 0);
        server.Start();
        var taken = Task.Run(() => TakeOne(server));
        GroupMail.Send(Mail($"127.0.0.1:{((IPEndPoint)server.LocalEndpoint).Port}"), "a took group vips", "b was silent", _log.Add);
        var lines = await taken;
        Assert.Empty(_log);
        Assert.Contains("MAIL FROM:<director@example.org>", lines);
        Assert.Contains("RCPT TO:<ops@example.org>", lines);
        Assert.Contains("RCPT TO:<boss@example.org>", lines);
        Assert.Contains("Subject: a took group vips", lines, StringComparer.OrdinalIgnoreCase);
        Assert.Contains("b was silent", lines);
    }

    [Fact]
    public void A_server_that_does_not_answer_is_told_of()
    {
        using TcpListener closed = new(IPAddress.Loopback, 0);
        closed.Start();
        var port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        GroupMail.Send(Mail($"127.0.0.1:{port}"), "s", "t", _log.Add);
        Assert.StartsWith($"warning: no mail by 127.0.0.1:{port}: ", Assert.Single(_log), StringComparison.Ordinal);
    }

    private static MailConfiguration Mail(string server) => new() { Server = server, From = "director@example.org", To = ["ops@example.org", "boss@example.org"] };

    private static async Task<List<string>> TakeOne(TcpListener server)
    {
        using var client = await server.AcceptTcpClientAsync();
        using StreamReader reader = new(client.GetStream());
        await using StreamWriter writer = new(client.GetStream()) { NewLine = "\r\n", AutoFlush = true };
        await writer.WriteLineAsync("220 test");
        List<string> lines = [];
        var isData = false;
        while (await reader.ReadLineAsync() is { } line)
        {
            lines.Add(line);
            if (isData && line != ".")
                continue;
            isData = line == "DATA";
            await writer.WriteLineAsync(isData ? "354 go on" : "250 fine");
            if (line == "QUIT")
                break;
        }

        return lines;
    }
}
