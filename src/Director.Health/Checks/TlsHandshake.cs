using System.Globalization;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Director.Health.Checks;

/// <summary>One TLS handshake of a check, and what the certificate was like.</summary>
internal sealed class TlsHandshake
{
    private readonly bool _verify;
    private string? _refused;
    private AuthenticationException? _explained;

    /// <param name="trust">What is asked for and believed.</param>
    /// <param name="otherwise">Name or address that the certificate is for when the trust names none.</param>
    /// <exception cref="InvalidOperationException">The authorities' file cannot be read.</exception>
    public TlsHandshake(TlsTrust trust, string otherwise)
    {
        _verify = trust.Verify;
        Options = new()
        {
            TargetHost = trust.ServerName.Length > 0 ? trust.ServerName : otherwise,
            RemoteCertificateValidationCallback = (_, certificate, chain, errors) => Accept(certificate, chain, errors),
            CertificateChainPolicy = Policy(trust),
            // A resumed session has the certificate of the first one.
            AllowTlsResume = false,
        };
    }

    /// <summary>For who makes the connection.</summary>
    public SslClientAuthenticationOptions Options { get; }

    /// <summary>The last day of the server's certificate, for a check's detail; empty before there is one.</summary>
    public string Expiry { get; private set; } = "";

    /// <summary>Speaks TLS over a connection.</summary>
    /// <exception cref="AuthenticationException">They do not come to terms, or the certificate is not believed.</exception>
    public async Task<SslStream> Over(Stream stream, CancellationToken cancellation)
    {
        var secured = new SslStream(stream, leaveInnerStreamOpen: false);
        try
        {
            await secured.AuthenticateAsClientAsync(Options, cancellation).ConfigureAwait(false);
            return secured;
        }
        catch (Exception failure)
        {
            await secured.DisposeAsync().ConfigureAwait(false);
            if (failure is AuthenticationException or IOException)
            {
                throw Explained(failure);
            }

            throw;
        }
    }

    /// <summary>A handshake's failure in words that say why.</summary>
    public AuthenticationException Explained(Exception failure)
    {
        if (_refused is not null)
        {
            return new AuthenticationException($"certificate {_refused}");
        }

        if (_explained is not null)
        {
            return _explained;
        }

        var cause = failure;
        while (cause.InnerException is { } inner)
        {
            cause = inner;
        }

        return _explained = new AuthenticationException($"no TLS: {cause.Message}");
    }

    private static X509ChainPolicy Policy(TlsTrust trust)
    {
        var policy = new X509ChainPolicy { RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true };
        if (!trust.Verify || trust.Authority.Length == 0)
        {
            return policy;
        }

        policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        try
        {
            policy.CustomTrustStore.ImportFromPemFile(trust.Authority);
        }
        catch (Exception failure) when (failure is CryptographicException or UnauthorizedAccessException or IOException)
        {
            throw new InvalidOperationException($"the authorities of {trust.Authority} cannot be read: {failure.Message}", failure);
        }

        return policy;
    }

    private bool Accept(X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (certificate is X509Certificate2 shown)
        {
            Expiry = $"certificate until {shown.NotAfter.ToUniversalTime().ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}";
        }

        if (!_verify || errors == SslPolicyErrors.None)
        {
            return true;
        }

        var statuses = chain?.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, (all, one) => all | one.Status) ?? X509ChainStatusFlags.NoError;
        _refused = errors.HasFlag(SslPolicyErrors.RemoteCertificateNotAvailable) ? "is missing"
            : statuses.HasFlag(X509ChainStatusFlags.NotTimeValid) ? $"has expired or is not valid yet: {Expiry}"
            : errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch) ? $"is not for {Options.TargetHost}"
            : $"is not trusted: {statuses}";
        return false;
    }
}
