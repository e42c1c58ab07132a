using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Director.Cluster.Certificates;

/// <summary>A cluster's own certificate authority: who has a certificate under it is a director of the cluster. Keys are ECDSA P-256.</summary>
public sealed class Authority : IDisposable
{
    // Hosts whose clocks differ a little must believe a certificate at once.
    private static readonly TimeSpan ClockDifference = TimeSpan.FromHours(1);

    private readonly X509Certificate2 _certificate;

    private Authority(X509Certificate2 certificate) => _certificate = certificate;

    /// <summary>Makes one.</summary>
    /// <param name="name">Its common name, 1 to 64 characters (RFC 5280, ub-common-name).</param>
    /// <param name="now">The time that it is valid from.</param>
    /// <param name="days">How long it is valid, in days.</param>
    public static Authority Create(string name, DateTimeOffset now, int days)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(CommonName(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return new(request.CreateSelfSigned(now - ClockDifference, now.AddDays(days)));
    }

    /// <summary>Reads one from the texts of its certificate and its private key.</summary>
    /// <exception cref="CryptographicException">They are not PEM, do not belong together, or are no authority's.</exception>
    public static Authority FromPem(string certificate, string privateKey)
    {
        var read = X509Certificate2.CreateFromPem(certificate, privateKey);
        if (read.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault() is { CertificateAuthority: true })
            return new(read);
        read.Dispose();
        throw new CryptographicException("it is the certificate of a director and not of an authority");
    }

    /// <summary>Until when it is valid.</summary>
    public DateTimeOffset NotAfter => _certificate.NotAfter;

    /// <summary>The certificate and its private key (PKCS #8) as PEM.</summary>
    public PemPair ToPem()
    {
        using var key = _certificate.GetECDsaPrivateKey()!;
        return new(_certificate.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    /// <summary>Makes a director's certificate, for both ends of a connection. It does not outlive the authority.</summary>
    /// <param name="name">The director's name: a host name, 1 to 63 characters.</param>
    /// <param name="addresses">What else the other directors reach it by: IP addresses and host names.</param>
    /// <param name="now">The time that it is valid from.</param>
    /// <param name="days">How long it is valid, in days.</param>
    public PemPair Issue(string name, IEnumerable<string> addresses, DateTimeOffset now, int days)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        CertificateRequest request = new(CommonName(name), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], critical: false));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(_certificate, includeKeyIdentifier: true, includeIssuerAndSerial: false));
        request.CertificateExtensions.Add(Names([name, .. addresses]));
        var serial = RandomNumberGenerator.GetBytes(16);
        // RFC 5280, 4.1.2.2: positive.
        serial[0] = (byte)(serial[0] & 0x7f | 0x40);
        var end = now.AddDays(days);
        // A certificate's times are whole seconds.
        using var made = request.Create(_certificate, Later(now - ClockDifference, _certificate.NotBefore), end < NotAfter ? end : NotAfter, serial);
        return new(made.ExportCertificatePem() + "\n", key.ExportPkcs8PrivateKeyPem() + "\n");
    }

    /// <inheritdoc/>
    public void Dispose() => _certificate.Dispose();

    private static DateTimeOffset Later(DateTimeOffset one, DateTimeOffset other) => one > other ? one : other;

    private static X500DistinguishedName CommonName(string name)
    {
        X500DistinguishedNameBuilder builder = new();
        builder.AddCommonName(name);
        return builder.Build();
    }

    private static X509Extension Names(IEnumerable<string> names)
    {
        SubjectAlternativeNameBuilder builder = new();
        foreach (var name in names.Distinct(StringComparer.OrdinalIgnoreCase))
        {
            if (IPAddress.TryParse(name, out var address))
                builder.AddIpAddress(address);
            else
                builder.AddDnsName(name);
        }

        return builder.Build();
    }
}
