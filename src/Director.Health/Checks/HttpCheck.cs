using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;

namespace Director.Health.Checks;

/// <summary>How HTTP is spoken.</summary>
public enum HttpWay
{
    /// <summary>In the clear (<c>http</c>).</summary>
    Plain,

    /// <summary>Over TLS (<c>https</c>).</summary>
    Tls,

    /// <summary>To a proxy, which is asked for somebody else's page (<c>http_proxy</c>).</summary>
    Proxy,
}

/// <summary>Whether a web server or a proxy answers a request as it should (ldirectord's <c>http</c>, <c>https</c> and <c>http_proxy</c>, keepalived's <c>HTTP_GET</c> and <c>SSL_GET</c>).</summary>
public sealed record HttpCheck(CheckTarget Target) : HealthCheck(Target)
{
    /// <summary>Most of a body that is read, in bytes.</summary>
    public const int LongestBody = 1 << 20;

    private const int LongestHeadersKib = 64;
    private const int Md5Digits = 32;

    /// <summary>How HTTP is spoken.</summary>
    public HttpWay Way { get; init; }

    /// <summary>Path and query, empty is <c>/</c>; of a proxy the whole URL, or a path at <see cref="VirtualHost"/>.</summary>
    public string Request { get; init; } = "";

    /// <summary>Method.</summary>
    public string Method { get; init; } = "GET";

    /// <summary>Host that is asked for; empty is the address and port.</summary>
    public string VirtualHost { get; init; } = "";

    /// <summary>Version: 1.0 or 1.1.</summary>
    public string Version { get; init; } = "1.1";

    /// <summary>Status codes that pass: numbers and ranges, separated by commas.</summary>
    public string Status { get; init; } = "200-299";

    /// <summary>Regular expression that the body has to match; empty matches all.</summary>
    public string Receive { get; init; } = "";

    /// <summary>Regular expression that the body must not match; empty is none.</summary>
    public string ReceiveNot { get; init; } = "";

    /// <summary>MD5 or SHA-256 of the body, hexadecimal in lower case; empty is any body.</summary>
    public string Digest { get; init; } = "";

    /// <summary>User to log in (Basic; with a proxy, to it); empty is none.</summary>
    public string Login { get; init; } = "";

    /// <summary>The user's password.</summary>
    public Secret Password { get; init; }

    /// <summary>TLS, with <see cref="HttpWay.Tls"/> and a proxy that is asked for https.</summary>
    public TlsTrust Tls { get; init; } = new();

    /// <inheritdoc/>
    public override string Type => Way switch { HttpWay.Tls => "https", HttpWay.Proxy => "http_proxy", _ => "http" };

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        var uri = Uri();
        var tls = new TlsHandshake(Tls, uri.IdnHost);
        using var handler = Handler(tls);
        using var client = new HttpMessageInvoker(handler, disposeHandler: false);
        using var request = Message(uri);
        try
        {
            using var response = await client.SendAsync(request, cancellation).ConfigureAwait(false);
            var status = (int)response.StatusCode;
            return IsIn(Status, status)
                ? await Judge(response, status, tls, cancellation).ConfigureAwait(false)
                : CheckAnswer.Fail($"status {status}, expected {Status}");
        }
        catch (HttpIOException failure)
        {
            throw Explained(failure.HttpRequestError, failure, tls);
        }
        catch (HttpRequestException failure)
        {
            throw Explained(failure.HttpRequestError, failure, tls);
        }
    }

    /// <summary>Whether a status code is in a list such as <c>200-299, 401</c>.</summary>
    internal static bool IsIn(string list, int status)
    {
        foreach (var range in list.AsSpan().Split(','))
        {
            var text = list.AsSpan(range);
            var dash = text.IndexOf('-');
            var from = int.Parse(dash < 0 ? text : text[..dash], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
            var to = dash < 0 ? from : int.Parse(text[(dash + 1)..], NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);
            if (status >= from && status <= to)
            {
                return true;
            }
        }

        return false;
    }

    private Uri Uri()
    {
        var text = Way == HttpWay.Proxy && Request.StartsWith("http", StringComparison.Ordinal) ? Request
            : $"{(Way == HttpWay.Tls ? "https" : "http")}://{(Way == HttpWay.Proxy ? VirtualHost : Target)}{(Request.StartsWith('/') ? "" : "/")}{Request}";
        // The path as it is written: a check may be about just that.
        return new Uri(text, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
    }

    private SocketsHttpHandler Handler(TlsHandshake tls) => new()
    {
        ConnectCallback = async (_, cancellation) =>
        {
            var socket = await TcpConnection.Open(Target, cancellation).ConfigureAwait(false);
            // As in ConnectCheck.
            socket.LingerState = new(true, 0);
            var stream = new NetworkStream(socket, ownsSocket: true);
            // Here, since the handler would ask for the address in place of the name.
            return Way == HttpWay.Tls ? await tls.Over(stream, cancellation).ConfigureAwait(false) : stream;
        },
        SslOptions = tls.Options,
        UseProxy = Way == HttpWay.Proxy,
        Proxy = Way == HttpWay.Proxy ? new WebProxy($"http://{Target}") { Credentials = Login.Length > 0 ? new NetworkCredential(Login, Password.Reveal()) : null } : null,
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        MaxResponseHeadersLength = LongestHeadersKib,
        MaxResponseDrainSize = 0,
        ResponseDrainTimeout = TimeSpan.Zero,
    };

    private HttpRequestMessage Message(Uri uri)
    {
        var message = new HttpRequestMessage(new(Method), uri)
        {
            Version = System.Version.Parse(Version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        message.Headers.ConnectionClose = true;
        message.Headers.TryAddWithoutValidation("User-Agent", "director");
        if (VirtualHost.Length > 0)
        {
            message.Headers.Host = VirtualHost;
        }

        if (Login.Length > 0 && Way != HttpWay.Proxy)
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Login}:{Password.Reveal()}")));
        }

        return message;
    }

    private async Task<CheckAnswer> Judge(HttpResponseMessage response, int status, TlsHandshake tls, CancellationToken cancellation)
    {
        var stream = await response.Content.ReadAsStreamAsync(cancellation).ConfigureAwait(false);
#pragma warning disable CA5351 // What keepalived's genhash prints; nobody is kept out by it.
        using var hash = Digest.Length == 0 ? null : IncrementalHash.CreateHash(Digest.Length == Md5Digits ? HashAlgorithmName.MD5 : HashAlgorithmName.SHA256);
#pragma warning restore CA5351
        using var kept = Receive.Length + ReceiveNot.Length == 0 ? null : new MemoryStream();
        var piece = new byte[8192];
        var length = 0;
        int read;
        while (length < LongestBody && (read = await stream.ReadAsync(piece.AsMemory(0, Math.Min(piece.Length, LongestBody - length)), cancellation).ConfigureAwait(false)) > 0)
        {
            length += read;
            hash?.AppendData(piece, 0, read);
            kept?.Write(piece, 0, read);
        }

        if (hash is not null)
        {
            var digest = Convert.ToHexStringLower(hash.GetHashAndReset());
            if (length >= LongestBody)
            {
                return CheckAnswer.Fail($"status {status}, but a body longer than {LongestBody / 1024} KiB, which has no digest");
            }

            if (digest != Digest)
            {
                return CheckAnswer.Fail($"digest {digest}, expected {Digest}");
            }
        }

        var passed = Said.Passed($"status {status}, {length} bytes", tls.Expiry);
        return kept is null ? CheckAnswer.Pass(passed) : Expectation.Judge(InText(kept.GetBuffer().AsSpan(0, (int)kept.Length)), Receive, ReceiveNot, passed);
    }

    private static string InText(ReadOnlySpan<byte> body) => (Utf8.IsValid(body) ? Encoding.UTF8 : Encoding.Latin1).GetString(body);

    private static Exception Explained(HttpRequestError error, Exception failure, TlsHandshake tls) => failure.InnerException switch
    {
        AuthenticationException inner => tls.Explained(inner),
        _ when error == HttpRequestError.ResponseEnded => new IOException("the server closed the connection before the end of its answer"),
        _ when error == HttpRequestError.ConfigurationLimitExceeded => new IOException($"headers longer than {LongestHeadersKib} KiB"),
        _ when error == HttpRequestError.InvalidResponse => new IOException($"no HTTP: {Expectation.Shown(failure.Message)}"),
        { } inner => new IOException(inner.Message, inner),
        _ => new IOException(failure.Message),
    };
}
