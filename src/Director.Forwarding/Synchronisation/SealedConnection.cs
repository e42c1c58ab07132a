using System.Buffers.Binary;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Director.Forwarding.Synchronisation;

/// <summary>The other end of a snapshot's connection is not who it should be, or says what nobody says. The message is one line.</summary>
internal sealed class SnapshotException(string message) : Exception(message);

/// <summary>
/// A TCP connection between two directors that know the cluster's secret. Each sends <c>DSS</c> and the version of the format (4), the secret's identity (4) and a random number (32); what follows is
/// sealed by AES-GCM under keys that come of the secret and both numbers, one a direction, so that a first frame that opens proves who sent it. A frame is its length (4), which is authenticated, and
/// the sealed bytes with their tag; its nonce is its number.
/// </summary>
internal sealed class SealedConnection : IDisposable
{
    /// <summary>Version of the format.</summary>
    public const byte Version = 1;

    /// <summary>Bytes that a frame carries at most.</summary>
    public const int MaximumFrame = 16 << 10;

    private const uint Magic = 0x44_53_53_00 | Version;
    private const int RandomLength = 32;
    private const int HelloLength = 8 + RandomLength;
    private const int LengthBytes = 4;

    private readonly Socket _socket;
    private readonly AesGcm _sending;
    private readonly AesGcm _receiving;
    private readonly byte[] _out = new byte[LengthBytes + MaximumFrame + SynchronisationKeys.TagLength];
    private readonly byte[] _in = new byte[LengthBytes + MaximumFrame + SynchronisationKeys.TagLength];
    private ulong _sent;
    private ulong _received;

    private SealedConnection(Socket socket, AesGcm sending, AesGcm receiving)
    {
        _socket = socket;
        _sending = sending;
        _receiving = receiving;
    }

    /// <summary>Greets the other end.</summary>
    /// <param name="socket">A connected socket with timeouts; the caller's to close.</param>
    /// <param name="keys">The cluster's keys.</param>
    /// <param name="asks">Whether this end asked for the connection.</param>
    /// <exception cref="SnapshotException">The other end is none of ours.</exception>
    /// <exception cref="SocketException">The connection failed.</exception>
    public static SealedConnection Greet(Socket socket, SynchronisationKeys keys, bool asks)
    {
        Span<byte> own = stackalloc byte[HelloLength];
        Span<byte> other = stackalloc byte[HelloLength];
        BinaryPrimitives.WriteUInt32BigEndian(own, Magic);
        BinaryPrimitives.WriteUInt32BigEndian(own[4..], keys.Identity);
        RandomNumberGenerator.Fill(own[8..]);
        SendAll(socket, own);
        ReceiveAll(socket, other);
        var magic = BinaryPrimitives.ReadUInt32BigEndian(other);
        if ((magic ^ Magic) >> 8 != 0)
            throw new SnapshotException("it speaks another protocol");
        if (magic != Magic)
            throw new SnapshotException($"it speaks version {(byte)magic} of the format, this director version {Version}");
        if (BinaryPrimitives.ReadUInt32BigEndian(other[4..]) != keys.Identity)
            throw new SnapshotException("it has another cluster.name or cluster.key");
        var (asking, answering) = asks ? (own[8..].ToArray(), other[8..].ToArray()) : (other[8..].ToArray(), own[8..].ToArray());
        return new SealedConnection(socket, keys.ForSnapshot(asking, answering, isAnswer: !asks), keys.ForSnapshot(asking, answering, isAnswer: asks));
    }

    /// <summary>Where the next frame's bytes are to be written, at most <see cref="MaximumFrame"/>.</summary>
    public Span<byte> Frame => _out.AsSpan(LengthBytes, MaximumFrame);

    /// <summary>Sends the first bytes of <see cref="Frame"/>.</summary>
    public void Send(int length)
    {
        Span<byte> nonce = stackalloc byte[SynchronisationKeys.NonceLength];
        nonce.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], _sent++);
        BinaryPrimitives.WriteInt32BigEndian(_out, length);
        var bytes = _out.AsSpan(LengthBytes, length);
        _sending.Encrypt(nonce, bytes, bytes, _out.AsSpan(LengthBytes + length, SynchronisationKeys.TagLength), _out.AsSpan(0, LengthBytes));
        SendAll(_socket, _out.AsSpan(0, LengthBytes + length + SynchronisationKeys.TagLength));
    }

    /// <summary>Receives a frame; its bytes are valid until the next call.</summary>
    /// <exception cref="SnapshotException">The frame is not genuine.</exception>
    /// <exception cref="SocketException">The connection failed, or nothing came in time.</exception>
    public ReadOnlySpan<byte> Receive()
    {
        ReceiveAll(_socket, _in.AsSpan(0, LengthBytes));
        var length = BinaryPrimitives.ReadInt32BigEndian(_in);
        if (length is < 1 or > MaximumFrame)
            throw new SnapshotException("it sent a frame of an impossible length");
        var bytes = _in.AsSpan(LengthBytes, length + SynchronisationKeys.TagLength);
        ReceiveAll(_socket, bytes);
        Span<byte> nonce = stackalloc byte[SynchronisationKeys.NonceLength];
        nonce.Clear();
        BinaryPrimitives.WriteUInt64BigEndian(nonce[4..], _received++);
        try
        {
            _receiving.Decrypt(nonce, bytes[..length], bytes[length..], bytes[..length], _in.AsSpan(0, LengthBytes));
        }
        catch (AuthenticationTagMismatchException)
        {
            throw new SnapshotException("it sent a frame that was not sealed under the cluster's key");
        }

        return bytes[..length];
    }

    private static void SendAll(Socket socket, ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[socket.Send(bytes)..];
    }

    private static void ReceiveAll(Socket socket, Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var count = socket.Receive(bytes);
            if (count == 0)
                throw new SnapshotException("it closed the connection");
            bytes = bytes[count..];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sending.Dispose();
        _receiving.Dispose();
    }
}
