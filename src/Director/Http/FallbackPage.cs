using System.Net;
using System.Net.Sockets;
using Director.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Director.Http;

/// <summary>The page that clients of a service with <c>fallback = local</c> see while no real server is left: status 503 on loopback, which the packet path brings them to.</summary>
internal sealed class FallbackPage : IAsyncDisposable
{
    private const string Sentence = "<!doctype html><title>Not available</title><p>This service is not available at the moment. Please try again in a minute.</p>\n";

    private readonly WebApplication _application;

    private FallbackPage(WebApplication application) => _application = application;

    /// <summary>Listens on loopback, IPv4 and IPv6.</summary>
    /// <param name="configuration">Where, and what it shows.</param>
    /// <param name="log">Told what the operator should know.</param>
    /// <returns>Null when it cannot listen there, which the log tells: the director runs on without it.</returns>
    public static async Task<FallbackPage?> Start(HealthConfiguration configuration, Action<string> log)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "director" });
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxRequestBodySize = 1 << 20;
            options.Limits.KeepAliveTimeout = TimeSpan.FromSeconds(5);
            foreach (IPAddress loopback in Socket.OSSupportsIPv6 ? new[] { IPAddress.Loopback, IPAddress.IPv6Loopback } : [IPAddress.Loopback])
                options.Listen(loopback, configuration.PagePort, static listen => listen.Protocols = HttpProtocols.Http1);
        });
        WebApplication application = builder.Build();
        application.Run(context => Answer(context, configuration.PageFile));
        try
        {
            await application.StartAsync();
        }
        catch (Exception refused) when (refused is IOException or SocketException)
        {
            await application.DisposeAsync();
            log($"warning: health: the page for fallback = local cannot listen on port {configuration.PagePort}: {refused.GetBaseException().Message.ReplaceLineEndings(" ").TrimEnd('.')}; set director.health.page-port to a free one");
            return null;
        }

        return new FallbackPage(application);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        using CancellationTokenSource atOnce = new(TimeSpan.FromMilliseconds(100));
        await _application.StopAsync(atOnce.Token);
        await _application.DisposeAsync();
    }

    private static async Task Answer(HttpContext context, string file)
    {
        HttpResponse response = context.Response;
        response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        response.Headers.RetryAfter = "60";
        response.Headers.CacheControl = "no-store";
        // A client that keeps its connection would keep seeing this page when real servers are back.
        response.Headers.Connection = "close";
        response.ContentType = "text/html; charset=utf-8";
        await response.WriteAsync(await Text(file));
    }

    private static async Task<string> Text(string file)
    {
        try
        {
            return file.Length == 0 ? Sentence : await File.ReadAllTextAsync(file);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException)
        {
            return Sentence;
        }
    }
}
