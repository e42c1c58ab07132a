namespace Director.Cluster.Transport;

/// <summary>The newest credentials: the files are read again when they have changed. Members may be called from any thread.</summary>
internal sealed class CredentialStore(CertificateFiles files, Complaints complaints)
{
    private readonly Lock _lock = new();
    private Credentials? _current;
    private string _read = "";

    /// <summary>Newest that could be read.</summary>
    /// <exception cref="PeerException">There are none.</exception>
    public Credentials Current()
    {
        lock (_lock)
        {
            var stamp = $"{Stamp(files.Certificate)} {Stamp(files.PrivateKey)} {Stamp(files.Authority)}";
            if (_current is null || stamp != _read)
            {
                _read = stamp;
                try
                {
                    _current = Credentials.Read(files);
                    complaints.Forget(files.Certificate);
                }
                catch (PeerException unreadable) when (_current is not null)
                {
                    // One of the files may be new and the other on its way.
                    complaints.Say(files.Certificate, $"{unreadable.Message}; the last good ones stay in use");
                }
            }

            return _current;
        }
    }

    private static string Stamp(string path) => path.Length == 0 ? "" : $"{File.GetLastWriteTimeUtc(path).Ticks}";
}
