using System.Security.Cryptography;

namespace Director.Cluster.Availability;

/// <summary>The authentication code at the end of every heartbeat: HMAC-SHA256 (RFC 2104) under a key of its own, derived (HKDF, RFC 5869) from the cluster's. Not thread-safe.</summary>
internal sealed class HeartbeatSeal : IDisposable
{
    /// <summary>Length of the code in bytes.</summary>
    public const int Length = HMACSHA256.HashSizeInBytes;

    // One object for all: it allocates nothing from message to message.
    private readonly IncrementalHash _hash;

    /// <param name="clusterKey">As <see cref="Director.Configuration.ClusterConfiguration.Key"/>.</param>
    public HeartbeatSeal(ReadOnlySpan<byte> clusterKey)
    {
        Span<byte> key = stackalloc byte[HMACSHA256.HashSizeInBytes];
        HKDF.DeriveKey(HashAlgorithmName.SHA256, clusterKey, key, [], "director heartbeat 1"u8);
        _hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        CryptographicOperations.ZeroMemory(key);
    }

    /// <summary>Writes the code of a message.</summary>
    public void Write(ReadOnlySpan<byte> message, Span<byte> code)
    {
        _hash.AppendData(message);
        _hash.GetHashAndReset(code);
    }

    /// <summary>Whether the code is the message's.</summary>
    public bool Matches(ReadOnlySpan<byte> message, ReadOnlySpan<byte> code)
    {
        Span<byte> right = stackalloc byte[Length];
        Write(message, right);
        return CryptographicOperations.FixedTimeEquals(right, code);
    }

    /// <inheritdoc/>
    public void Dispose() => _hash.Dispose();
}
