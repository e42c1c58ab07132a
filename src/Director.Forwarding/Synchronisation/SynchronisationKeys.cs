using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Director.Forwarding.Synchronisation;

/// <summary>
/// The keys that follow from the cluster's secret (HKDF-SHA256, RFC 5869). Each start of a director has one of its own, salted by the start's random number, so that the sequence numbers that make
/// nonces may begin anew.
/// </summary>
internal sealed class SynchronisationKeys
{
    /// <summary>Bytes of an authentication tag.</summary>
    public const int TagLength = 16;

    /// <summary>Bytes of a nonce.</summary>
    public const int NonceLength = 12;

    private readonly byte[] _secret;

    /// <param name="secret">The cluster's secret.</param>
    /// <param name="cluster">The cluster's name: another one's datagrams do not decrypt, whatever its secret.</param>
    public SynchronisationKeys(ReadOnlySpan<byte> secret, string cluster)
    {
        _secret = HKDF.Extract(HashAlgorithmName.SHA256, secret.ToArray(), Encoding.UTF8.GetBytes($"director synchronisation {cluster}"));
        Identity = BinaryPrimitives.ReadUInt32BigEndian(Derive("identity", [], sizeof(uint)));
    }

    /// <summary>Tells two secrets apart without saying anything about them: it stands in the clear.</summary>
    public uint Identity { get; }

    /// <summary>What the datagrams of one start of a director are sealed with. One thread may use it.</summary>
    public AesGcm ForDatagrams(UInt128 boot)
    {
        Span<byte> salt = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(salt, boot);
        return new AesGcm(Derive("datagrams", salt, 32), TagLength);
    }

    /// <summary>What one direction of a snapshot's connection is sealed with, fresh by both ends' random numbers.</summary>
    public AesGcm ForSnapshot(ReadOnlySpan<byte> asking, ReadOnlySpan<byte> answering, bool isAnswer) =>
        new(Derive(isAnswer ? "snapshot answer" : "snapshot request", [.. asking, .. answering], 32), TagLength);

    private byte[] Derive(string purpose, ReadOnlySpan<byte> salt, int length) =>
        HKDF.Expand(HashAlgorithmName.SHA256, _secret, length, [.. Encoding.ASCII.GetBytes(purpose), 0, .. salt]);
}
