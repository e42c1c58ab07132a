namespace Director.Cluster.Certificates;

/// <summary>A certificate and its private key as PEM.</summary>
public sealed record PemPair(string Certificate, string PrivateKey);
