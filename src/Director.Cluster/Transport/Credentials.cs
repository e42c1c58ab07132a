using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Director.Cluster.Transport;

/// <summary>What this director shows to others and judges them by, as it was read from its files.</summary>
internal sealed class Credentials
{
    private static readonly Oid ServerAuthentication = new("1.3.6.1.5.5.7.3.1");
    private static readonly Oid ClientAuthentication = new("1.3.6.1.5.5.7.3.2");

    private readonly X509Certificate2Collection _authorities;
    private readonly CertificateFiles _files;

    private Credentials(CertificateFiles files, X509Certificate2 own, X509Certificate2Collection authorities)
    {
        _files = files;
        _authorities = authorities;
        Own = SslStreamCertificateContext.Create(own, additionalCertificates: null, offline: true);
    }

    /// <summary>What this director shows.</summary>
    public SslStreamCertificateContext Own { get; }

    /// <summary>Reads the files.</summary>
    /// <exception cref="PeerException">One cannot be read or does not hold what it should.</exception>
    public static Credentials Read(CertificateFiles files)
    {
        try
        {
            X509Certificate2Collection authorities = [];
            authorities.ImportFromPemFile(files.Authority);
            if (authorities.Count == 0)
            {
                throw new PeerException($"cluster.authority: {files.Authority} holds no certificate; 'director certificate authority' makes one");
            }

            return new(files, X509Certificate2.CreateFromPemFile(files.Certificate, files.PrivateKey.Length == 0 ? null : files.PrivateKey), authorities);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new PeerException(
                $"cluster.certificate: cannot use {files.Certificate}, {(files.PrivateKey.Length == 0 ? "its private key" : files.PrivateKey)} and {files.Authority}: {unreadable.Message.ReplaceLineEndings(" ")}; 'director certificate' makes them",
                unreadable);
        }
    }

    /// <summary>Judges a peer's certificate.</summary>
    /// <param name="certificate">What it showed; null is nothing.</param>
    /// <param name="peer">Who it is, for the operator.</param>
    /// <param name="host">The name or address that a server was called by; null judges a client.</param>
    /// <returns>Null: it is a director of this cluster. Else one line why it is not.</returns>
    public string? Judge(X509Certificate2? certificate, string peer, string? host)
    {
        if (certificate is null)
        {
            return $"{peer} showed no certificate: set cluster.certificate there";
        }

        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(_authorities);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.ApplicationPolicy.Add(host is null ? ClientAuthentication : ServerAuthentication);
        var isGood = chain.Build(certificate);
        var flaws = chain.ChainStatus.Aggregate(X509ChainStatusFlags.NoError, static (all, status) => all | status.Status);
        if ((flaws & (X509ChainStatusFlags.PartialChain | X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.NotSignatureValid)) != 0)
        {
            return $"certificate of {peer} is not under this cluster's authority ({_files.Authority}): make it with 'director certificate director' under the same authority";
        }

        if (flaws.HasFlag(X509ChainStatusFlags.NotTimeValid))
        {
            var wrong = chain.ChainElements.First(element => element.ChainElementStatus.Any(status => status.Status.HasFlag(X509ChainStatusFlags.NotTimeValid))).Certificate;
            var whose = wrong.Thumbprint == certificate.Thumbprint ? $"certificate of {peer}" : $"authority of {peer}";
            return wrong.NotAfter < DateTime.Now
                ? $"{whose} ended on {wrong.NotAfter.ToUniversalTime():yyyy-MM-dd}: make a new one with 'director certificate'"
                : $"{whose} begins on {wrong.NotBefore.ToUniversalTime():yyyy-MM-dd HH:mm} UTC: look at the clocks of both hosts";
        }

        if (!isGood)
        {
            return $"certificate of {peer} is not good for {(host is null ? "a TLS client" : "a TLS server")} ({chain.ChainStatus[0].StatusInformation.Trim()}): make it with 'director certificate director'";
        }

        return host is null || certificate.MatchesHostname(host, allowWildcards: true, allowCommonName: false)
            ? null
            : $"certificate of {peer} does not name {host}: make it with 'director certificate director ... --address {host}'";
    }
}
