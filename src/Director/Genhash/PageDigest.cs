using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;

namespace Director.Genhash;

/// <summary>What a web server answered.</summary>
/// <param name="Status">The status code.</param>
/// <param name="Length">Bytes of the body.</param>
/// <param name="Digest">MD5 or SHA-256 of the body, hexadecimal in lower case.</param>
internal sealed record PageDigest(int Status, int Length, string Digest)
{
    /// <summary>Most of a body that the http check reads, in bytes: a longer one has no digest there.</summary>
    public const int LongestBody = 1 << 20;

    /// <summary>Asks for a page once, as the http check and keepalived do: no redirection is followed, nothing is decompressed, and whose certificate it is does not matter.</summary>
    /// <param name="url">The page.</param>
    /// <param name="virtualHost">Host that is asked for; empty is the URL's.</param>
    /// <param name="isSha256">SHA-256 in place of MD5.</param>
    /// <param name="timeout">How long all of it may take.</param>
    /// <exception cref="OperatorException">There is no digest; the message says why.</exception>
    public static async Task<PageDigest> Take(Uri url, string virtualHost, bool isSha256, TimeSpan timeout)
    {
        using SocketsHttpHandler handler = new() { AllowAutoRedirect = false, UseProxy = false, UseCookies = false, AutomaticDecompression = DecompressionMethods.None };
#pragma warning disable CA5359 // It is the page that is looked at, as keepalived's genhash does.
        handler.SslOptions.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
#pragma warning restore CA5359
        using HttpMessageInvoker client = new(handler);
        using HttpRequestMessage request = new(HttpMethod.Get, url);
        request.Headers.TryAddWithoutValidation("User-Agent", "director");
        request.Headers.ConnectionClose = true;
        if (virtualHost.Length > 0)
            request.Headers.Host = virtualHost;
        using CancellationTokenSource late = new(timeout);
        try
        {
            using HttpResponseMessage response = await client.SendAsync(request, late.Token);
            return await Of(response, isSha256, url, late.Token);
        }
        catch (OperationCanceledException)
        {
            throw new OperatorException($"genhash: {url}: no whole answer within {timeout.TotalSeconds:0.###} s; is the server up, or is --timeout too short?");
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or AuthenticationException)
        {
            throw new OperatorException($"genhash: {url}: {(failure.InnerException ?? failure).Message.ReplaceLineEndings(" ")}");
        }
    }

    private static async Task<PageDigest> Of(HttpResponseMessage response, bool isSha256, Uri url, CancellationToken late)
    {
#pragma warning disable CA5351 // What keepalived's genhash prints; nobody is kept out by it.
        using IncrementalHash hash = IncrementalHash.CreateHash(isSha256 ? HashAlgorithmName.SHA256 : HashAlgorithmName.MD5);
#pragma warning restore CA5351
        using Stream body = await response.Content.ReadAsStreamAsync(late);
        byte[] piece = new byte[8192];
        int length = 0;
        for (int read; (read = await body.ReadAsync(piece, late)) > 0;)
        {
            length += read;
            if (length >= LongestBody)
                throw new OperatorException($"genhash: {url}: the page has {LongestBody / 1024} KiB or more, which the http check does not read; take a smaller one");
            hash.AppendData(piece, 0, read);
        }

        return new((int)response.StatusCode, length, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
