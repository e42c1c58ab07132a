using System.Net;
using System.Net.Sockets;
using System.Text;
using Director.Commands;
using Director.Genhash;
using Xunit;

namespace Director.Tests.Genhash;

public sealed class GenhashTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(false, "5eb63bbbe01eeed093cb22bb8f5acdc3")]
    [InlineData(true, "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9")]
    public async Task The_digest_is_that_of_the_body_alone(bool isSha256, string digest)
    {
        using TcpListener listener = Serve("HTTP/1.1 200 OK\r\nContent-Length: 11\r\nX-Other: 1\r\n\r\nhello world");
        Assert.Equal(new PageDigest(200, 11, digest), await PageDigest.Take(Url(listener), "", isSha256, Patience));
    }

    [Fact]
    public async Task Chunks_are_put_together_and_redirections_are_not_followed()
    {
        using TcpListener chunked = Serve("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello \r\n5\r\nworld\r\n0\r\n\r\n");
        Assert.Equal("5eb63bbbe01eeed093cb22bb8f5acdc3", (await PageDigest.Take(Url(chunked), "", false, Patience)).Digest);
        using TcpListener moved = Serve("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
        Assert.Equal(new PageDigest(302, 0, "d41d8cd98f00b204e9800998ecf8427e"), await PageDigest.Take(Url(moved), "", false, Patience));
    }

    [Fact]
    public async Task The_virtual_host_is_asked_for()
    {
        TaskCompletionSource<string> asked = new();
        using TcpListener listener = Serve("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", asked);
        await PageDigest.Take(Url(listener), "www.example.com", false, Patience);
        Assert.Contains("\r\nHost: www.example.com\r\n", await asked.Task, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_body_that_the_check_does_not_read_has_no_digest()
    {
        using TcpListener listener = Serve($"HTTP/1.1 200 OK\r\nContent-Length: {1 << 20}\r\n\r\n{new string('x', 1 << 20)}");
        OperatorException refused = await Assert.ThrowsAsync<OperatorException>(() => PageDigest.Take(Url(listener), "", false, Patience));
        Assert.Contains("the page has 1024 KiB or more", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_down_or_silent_is_said_in_a_line()
    {
        using TcpListener silent = new(IPAddress.Loopback, 0);
        silent.Start();
        OperatorException late = await Assert.ThrowsAsync<OperatorException>(() => PageDigest.Take(Url(silent), "", false, TimeSpan.FromSeconds(0.3)));
        Assert.Contains("no whole answer within 0.3 s", late.Message, StringComparison.Ordinal);
        Uri url = Url(silent);
        silent.Stop();
        OperatorException down = await Assert.ThrowsAsync<OperatorException>(() => PageDigest.Take(url, "", false, Patience));
        Assert.StartsWith($"genhash: {url}: Connection refused", down.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "10.0.0.1", 0, "/a?b=%20", false, "http://10.0.0.1/a?b=%20")]
    [InlineData(null, "10.0.0.1", 8080, "index.html", false, "http://10.0.0.1:8080/index.html")]
    [InlineData(null, "fd00::1", 0, "/", true, "https://[fd00::1]/")]
    [InlineData("https://www.example.com/x", null, 0, "/", false, "https://www.example.com/x")]
    public void The_page_is_named_by_options_or_by_its_url(string? page, string? server, int port, string path, bool isTls, string url) =>
        Assert.Equal(url, GenhashCommand.Url(page, server, (ushort)port, path, isTls).AbsoluteUri);

    [Theory]
    [InlineData(null, null)]
    [InlineData("http://10.0.0.1/", "10.0.0.1")]
    [InlineData("ftp://10.0.0.1/", null)]
    [InlineData("10.0.0.1", null)]
    [InlineData(null, "10.0.0.1:80 x")]
    public void What_names_no_page_is_refused(string? page, string? server) =>
        Assert.Equal(ExitCode.Usage, Assert.Throws<OperatorException>(() => GenhashCommand.Url(page, server, 0, "/", false)).ExitCode);

    private static Uri Url(TcpListener listener) => new($"http://{listener.LocalEndpoint}/index.html");

    private static TcpListener Serve(string answer, TaskCompletionSource<string>? asked = null)
    {
        TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        _ = Task.Run(async () =>
        {
            using Socket client = await listener.AcceptSocketAsync();
            byte[] buffer = new byte[4096];
            asked?.TrySetResult(Encoding.ASCII.GetString(buffer, 0, await client.ReceiveAsync(buffer)));
            await client.SendAsync(Encoding.ASCII.GetBytes(answer));
            client.Shutdown(SocketShutdown.Send);
            await client.ReceiveAsync(buffer);
        });
        return listener;
    }
}
