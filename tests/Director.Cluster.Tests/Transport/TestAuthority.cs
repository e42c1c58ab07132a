using Director.Cluster.Certificates;
using Director.Cluster.Transport;

namespace Director.Cluster.Tests.Transport;

/// <summary>Certificates in a folder of their own, which is deleted afterwards.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly Authority _authority = Authority.Create("test", DateTimeOffset.UtcNow, days: 10);

    public TestAuthority() => CertificateFolder.Write(Folder, CertificateFolder.AuthorityName, _authority.ToPem());

    public string Folder { get; } = Directory.CreateTempSubdirectory("director-cluster-").FullName;

    public string AuthorityFile => CertificateFolder.CertificatePath(Folder, CertificateFolder.AuthorityName);

    /// <summary>A director's certificate for one address.</summary>
    public CertificateFiles Issue(string name, string address, DateTimeOffset? now = null, int days = 5)
    {
        CertificateFolder.Write(Folder, name, _authority.Issue(name, [address], now ?? DateTimeOffset.UtcNow, days));
        return new(CertificateFolder.CertificatePath(Folder, name), CertificateFolder.KeyPath(Folder, name), AuthorityFile);
    }

    public void Dispose()
    {
        _authority.Dispose();
        Directory.Delete(Folder, recursive: true);
    }
}
