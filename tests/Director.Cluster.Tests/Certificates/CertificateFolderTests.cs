using System.Security.Cryptography;
using Director.Cluster.Certificates;
using Xunit;

namespace Director.Cluster.Tests.Certificates;

public sealed class CertificateFolderTests : IDisposable
{
    private readonly string _folder = Path.Combine(Directory.CreateTempSubdirectory("certificates-").FullName, "new");

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder)!, recursive: true);

    [Fact]
    public void Keys_are_their_owners_alone()
    {
        CertificateFolder.Write(_folder, "lb1", new("certificate", "key"));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Path.Combine(_folder, "lb1.key")));
        Assert.Equal("key", File.ReadAllText(Path.Combine(_folder, "lb1.key")));
        Assert.Equal("certificate", File.ReadAllText(Path.Combine(_folder, "lb1.pem")));
    }

    [Theory]
    [InlineData("lb1.key")]
    [InlineData("lb1.pem")]
    public void What_is_there_is_not_overwritten_and_nothing_is_written_beside_it(string existing)
    {
        Directory.CreateDirectory(_folder);
        var path = Path.Combine(_folder, existing);
        File.WriteAllText(path, "old");
        var refused = Assert.Throws<IOException>(() => CertificateFolder.Write(_folder, "lb1", new("certificate", "key")));
        Assert.Equal($"{path} exists already and is not overwritten", refused.Message);
        Assert.Equal([path], Directory.GetFiles(_folder));
        Assert.Equal("old", File.ReadAllText(path));
    }

    [Fact]
    public void An_authority_is_read_from_its_folder()
    {
        using var made = Authority.Create("test", DateTimeOffset.UtcNow, days: 1);
        CertificateFolder.Write(_folder, CertificateFolder.AuthorityName, made.ToPem());
        using var read = CertificateFolder.ReadAuthority(_folder);
        Assert.Equal(made.ToPem().Certificate, read.ToPem().Certificate);
        File.WriteAllText(Path.Combine(_folder, "authority.key"), "nonsense");
        Assert.Throws<CryptographicException>(() => CertificateFolder.ReadAuthority(_folder));
    }
}
