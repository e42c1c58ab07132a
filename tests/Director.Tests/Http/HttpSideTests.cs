using System.Collections.Concurrent;
using System.Net;
using System.Text.Json;
using Director.Http;
using Xunit;

namespace Director.Tests.Http;

public sealed class HttpSideTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _log = new();
    private readonly HttpClient _client = new() { Timeout = TimeSpan.FromSeconds(30) };
    private HttpSide _http = null!;

    public async Task InitializeAsync() => _http = (await Start(new(IPAddress.Loopback, 0)))!;

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _http.DisposeAsync();
    }

    [Fact]
    public async Task Metrics_json_and_page_are_served()
    {
        using HttpResponseMessage metrics = await Get("/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", metrics.Content.Headers.ContentType?.ToString());
        Assert.Contains("\ndirector_up{director=\"lb1\"} 1\n", await metrics.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        using HttpResponseMessage cluster = await Get("/cluster");
        JsonElement json = JsonDocument.Parse(await cluster.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal("lb1", json.GetProperty("director").GetString());
        Assert.Equal("director 0.1.0", json.GetProperty("directors")[0].GetProperty("program").GetString());

        using HttpResponseMessage page = await Get("/");
        string html = await page.Content.ReadAsStringAsync();
        Assert.StartsWith("<!doctype html>", html, StringComparison.Ordinal);
        // It must work where there is no way out: nothing is fetched from anywhere else.
        Assert.DoesNotMatch("(src|href)\\s*=", html);
        Assert.Contains("default-src 'none'", page.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_else_is_there_and_nothing_can_be_changed()
    {
        using HttpResponseMessage other = await Get("/etc/passwd");
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
        using HttpResponseMessage post = await _client.PostAsync(new Uri($"http://{_http.Address}/cluster"), null);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, post.StatusCode);
        using HttpResponseMessage head = await _client.SendAsync(new(HttpMethod.Head, new Uri($"http://{_http.Address}/metrics")));
        Assert.Equal(HttpStatusCode.OK, head.StatusCode);
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task A_port_in_use_is_told_in_one_line()
    {
        Assert.Null(await Start(_http.Address));
        string line = Assert.Single(_log);
        Assert.StartsWith($"warning: http: cannot listen on {_http.Address}: ", line, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', line);
    }

    private Task<HttpSide?> Start(IPEndPoint address) => HttpSide.Start(address, () => Figures.Cluster, _log.Enqueue);

    private Task<HttpResponseMessage> Get(string path) => _client.GetAsync(new Uri($"http://{_http.Address}{path}"));
}
