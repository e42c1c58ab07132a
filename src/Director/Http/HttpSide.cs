using System.Net;
using System.Text;
using System.Text.Json;
using Director.Cluster.Telemetry;
using Director.Control;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Director.Http;

/// <summary>What a director shows by HTTP: <c>/metrics</c> for Prometheus, <c>/cluster</c> as JSON, and a page. It can be read only, and changes nothing.</summary>
internal sealed class HttpSide : IAsyncDisposable
{
    private static readonly byte[] Page = ReadPage();

    private readonly WebApplication _application;

    private HttpSide(WebApplication application) => _application = application;

    /// <summary>Listens.</summary>
    /// <param name="address">Where.</param>
    /// <param name="figures">What is shown.</param>
    /// <param name="log">Told what the operator should know, a line at a time.</param>
    /// <returns>Null when it cannot listen there, which the log tells: the director runs on without it.</returns>
    public static async Task<HttpSide?> Start(IPEndPoint address, Func<ClusterFigures> figures, Action<string> log)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "director" });
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxConcurrentConnections = 256;
            options.Limits.MaxRequestBodySize = 0;
            options.Listen(address, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        WebApplication application = builder.Build();
        application.Run(context => Answer(context, figures));
        try
        {
            await application.StartAsync();
        }
        catch (Exception refused) when (refused is IOException or System.Net.Sockets.SocketException)
        {
            await application.DisposeAsync();
            log($"warning: http: cannot listen on {address}: {(refused.GetBaseException() ?? refused).Message.ReplaceLineEndings(" ").TrimEnd('.')}; the director runs on without metrics and page: set director.http to a free port, or to \"\"");
            return null;
        }

        return new HttpSide(application);
    }

    /// <summary>Where it listens: the port that was free for port 0.</summary>
    public IPEndPoint Address => IPEndPoint.Parse(new Uri(_application.Urls.First()).Authority);

    /// <summary>Ends all connections and stops listening.</summary>
    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource atOnce = new(TimeSpan.FromMilliseconds(100));
        await _application.StopAsync(atOnce.Token);
        await _application.DisposeAsync();
    }

    private static Task Answer(HttpContext context, Func<ClusterFigures> figures)
    {
        HttpResponse response = context.Response;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            response.StatusCode = StatusCodes.Status405MethodNotAllowed;
            response.Headers.Allow = "GET, HEAD";
            return Task.CompletedTask;
        }

        switch (context.Request.Path.Value)
        {
            case "/":
                response.Headers.ContentSecurityPolicy = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; connect-src 'self'";
                return Write(context, "text/html; charset=utf-8", Page);
            case "/cluster":
                return Write(context, "application/json", JsonSerializer.SerializeToUtf8Bytes(figures(), ControlJson.Default.ClusterFigures));
            case "/metrics":
                return Write(context, PrometheusText.ContentType, Encoding.UTF8.GetBytes(PrometheusText.Format(figures())));
            default:
                response.StatusCode = StatusCodes.Status404NotFound;
                return Write(context, "text/plain", "there is /metrics, /cluster and /\n"u8.ToArray());
        }
    }

    private static async Task Write(HttpContext context, string contentType, byte[] body)
    {
        context.Response.ContentType = contentType;
        context.Response.ContentLength = body.Length;
        if (HttpMethods.IsGet(context.Request.Method))
            await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private static byte[] ReadPage()
    {
        using Stream stream = typeof(HttpSide).Assembly.GetManifestResourceStream("page.html")!;
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
