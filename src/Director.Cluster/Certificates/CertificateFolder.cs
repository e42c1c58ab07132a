using System.Security.Cryptography;

namespace Director.Cluster.Certificates;

/// <summary>The files that a cluster's certificates are kept in: <c>authority.pem</c> and <c>authority.key</c>, and two of each director's name.</summary>
public static class CertificateFolder
{
    /// <summary>Name of the authority's files, before their extension.</summary>
    public const string AuthorityName = "authority";

    /// <summary>The file of a certificate.</summary>
    public static string CertificatePath(string folder, string name) => Path.Combine(folder, name + ".pem");

    /// <summary>The file of a private key.</summary>
    public static string KeyPath(string folder, string name) => Path.Combine(folder, name + ".key");

    /// <summary>Writes both files, the key readable by its owner only (mode 0600). Makes the folder (0700) where there is none.</summary>
    /// <exception cref="IOException">One exists already, and nothing is written; or writing failed.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to.</exception>
    public static void Write(string folder, string name, PemPair pair)
    {
        string[] paths = [KeyPath(folder, name), CertificatePath(folder, name)];
        if (paths.FirstOrDefault(File.Exists) is { } existing)
            throw new IOException($"{existing} exists already and is not overwritten");
        Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        const UnixFileMode ownerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        WriteNew(paths[0], pair.PrivateKey, ownerOnly);
        WriteNew(paths[1], pair.Certificate, ownerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
    }

    /// <summary>Reads the authority of a folder.</summary>
    /// <exception cref="IOException">A file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">A file may not be read.</exception>
    /// <exception cref="CryptographicException">A file does not hold what its name says.</exception>
    public static Authority ReadAuthority(string folder) =>
        Authority.FromPem(File.ReadAllText(CertificatePath(folder, AuthorityName)), File.ReadAllText(KeyPath(folder, AuthorityName)));

    private static void WriteNew(string path, string text, UnixFileMode mode)
    {
        using StreamWriter writer = new(path, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode });
        writer.Write(text);
    }
}
