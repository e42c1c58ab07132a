using System.Collections.Immutable;

namespace Director.Configuration;

/// <summary>How directors find each other and what they trust each other by.</summary>
public sealed record ClusterConfiguration
{
    /// <summary>Name of the cluster: directors of another one are refused. 1 to 63 letters, digits and hyphens.</summary>
    public string Name { get; init; } = "director";

    /// <summary>Name or address that the other directors reach this one by; empty is the host's name.</summary>
    public string Hostname { get; init; } = "";

    /// <summary>Port of the directors' own traffic (Akka), 1 to 65535.</summary>
    public int Port { get; init; } = 2551;

    /// <summary>Directors to join, each <c>host:port</c>, this one may be among them; empty is a cluster of one.</summary>
    public ImmutableArray<string> Seeds { get; init; } = [];

    /// <summary>How long a director that hears no other waits before it makes a cluster of its own: 0 to 10 min.</summary>
    public TimeSpan SeedWait { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// The secret that heartbeats and synchronisation are authenticated and encrypted under, as bytes: the key's text (<c>key</c>, at least 16 characters) or the file's content without white
    /// space at its end (<c>key-file</c>). Empty: none, so that this director neither sends nor takes heartbeats and holds everything itself.
    /// </summary>
    public ImmutableArray<byte> Key { get; init; } = [];

    /// <summary>PEM file of this director's certificate; empty is none.</summary>
    public string Certificate { get; init; } = "";

    /// <summary>PEM file of its private key; empty: in the certificate's file.</summary>
    public string PrivateKey { get; init; } = "";

    /// <summary>PEM file of the cluster's own authority.</summary>
    public string Authority { get; init; } = "";

    /// <summary>Directors speak without TLS, which anyone on their network can read and forge.</summary>
    public bool Insecure { get; init; }
}
