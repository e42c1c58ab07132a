using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Director.Cluster.Certificates;
using Xunit;

namespace Director.Cluster.Tests.Certificates;

public sealed class AuthorityTests : IDisposable
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly Authority _authority = Authority.Create("test", Now, days: 100);

    public void Dispose() => _authority.Dispose();

    [Fact]
    public void A_directors_certificate_is_good_for_both_ends_and_names_all_that_it_is_reached_by()
    {
        using var certificate = Read(_authority.Issue("lb1", ["10.0.0.1", "fd00::1", "lb1.example.org"], Now, days: 10));
        Assert.Equal("CN=lb1", certificate.Subject);
        Assert.True(certificate.MatchesHostname("lb1", allowCommonName: false));
        Assert.True(certificate.MatchesHostname("10.0.0.1", allowCommonName: false));
        Assert.True(certificate.MatchesHostname("fd00::1", allowCommonName: false));
        Assert.True(certificate.MatchesHostname("lb1.example.org", allowCommonName: false));
        Assert.False(certificate.MatchesHostname("10.0.0.2", allowCommonName: false));
        Assert.Equal(["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2"], certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().Single().EnhancedKeyUsages.Cast<Oid>().Select(oid => oid.Value));
        Assert.False(certificate.Extensions.OfType<X509BasicConstraintsExtension>().Single().CertificateAuthority);
        using var key = certificate.GetECDsaPrivateKey()!;
        Assert.Equal(ECCurve.NamedCurves.nistP256.Oid.Value, key.ExportParameters(false).Curve.Oid.Value);
        Assert.True(IsUnder(_authority, certificate));
    }

    [Fact]
    public void Another_authority_of_the_same_name_is_another()
    {
        using var other = Authority.Create("test", Now, days: 100);
        using var certificate = Read(other.Issue("lb1", [], Now, days: 10));
        Assert.False(IsUnder(_authority, certificate));
    }

    [Fact]
    public void A_director_cannot_issue()
    {
        var pair = _authority.Issue("lb1", [], Now, days: 10);
        var refused = Assert.Throws<CryptographicException>(() => Authority.FromPem(pair.Certificate, pair.PrivateKey));
        Assert.Equal("it is the certificate of a director and not of an authority", refused.Message);
    }

    [Fact]
    public void A_director_does_not_outlive_its_authority_and_hosts_whose_clocks_lag_believe_it_at_once()
    {
        using var certificate = Read(_authority.Issue("lb1", [], Now, days: 1000));
        Assert.Equal(_authority.NotAfter.UtcDateTime, certificate.NotAfter.ToUniversalTime());
        Assert.Equal(Now.UtcDateTime.AddDays(100), certificate.NotAfter.ToUniversalTime());
        Assert.Equal(Now.UtcDateTime.AddHours(-1), certificate.NotBefore.ToUniversalTime());
    }

    [Fact]
    public void It_can_be_read_again_and_go_on()
    {
        var pem = _authority.ToPem();
        using var again = Authority.FromPem(pem.Certificate, pem.PrivateKey);
        using var certificate = Read(again.Issue("lb2", [], Now, days: 10));
        Assert.True(IsUnder(_authority, certificate));
    }

    private static X509Certificate2 Read(PemPair pair) => X509Certificate2.CreateFromPem(pair.Certificate, pair.PrivateKey);

    private static bool IsUnder(Authority authority, X509Certificate2 certificate)
    {
        using var root = X509Certificate2.CreateFromPem(authority.ToPem().Certificate);
        using X509Chain chain = new();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(root);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.VerificationTime = Now.UtcDateTime;
        return chain.Build(certificate);
    }
}
