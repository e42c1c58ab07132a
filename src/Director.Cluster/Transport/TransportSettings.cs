using Akka.Configuration;

namespace Director.Cluster.Transport;

/// <summary>What stands in <c>akka.remote.director</c>.</summary>
internal sealed record TransportSettings
{
    /// <summary>Where others reach this director: a name or an address.</summary>
    public required string Hostname { get; init; }

    /// <summary>TCP port, 0 to 65535; 0 is any.</summary>
    public required int Port { get; init; }

    /// <summary>Name of the cluster.</summary>
    public required string Cluster { get; init; }

    /// <summary>What this director shows and judges by; null: it speaks without TLS.</summary>
    public CertificateFiles? Certificates { get; init; }

    /// <summary>Bytes that a message may have.</summary>
    public int MaximumFrame { get; init; } = 128_000;

    /// <summary>How long a connection may take to be set up.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a peer may read nothing while something waits for it.</summary>
    public TimeSpan Stall { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Reads them.</summary>
    public static TransportSettings From(Config config)
    {
        var certificate = config.GetString("certificate", "");
        return new()
        {
            Hostname = config.GetString("hostname", "127.0.0.1"),
            Port = config.GetInt("port", 2551),
            Cluster = config.GetString("cluster", "director"),
            Certificates = certificate.Length == 0 ? null : new(certificate, config.GetString("private-key", ""), config.GetString("authority", "")),
            MaximumFrame = (int)(config.GetByteSize("maximum-frame-size", 128_000) ?? 128_000),
            Patience = config.GetTimeSpan("patience", TimeSpan.FromSeconds(5)),
            Stall = config.GetTimeSpan("stall", TimeSpan.FromSeconds(5)),
        };
    }
}

/// <summary>Paths of PEM files.</summary>
/// <param name="Certificate">This director's certificate.</param>
/// <param name="PrivateKey">Its private key; empty: in the same file.</param>
/// <param name="Authority">One or more authorities that certificates must be under.</param>
internal sealed record CertificateFiles(string Certificate, string PrivateKey, string Authority);
