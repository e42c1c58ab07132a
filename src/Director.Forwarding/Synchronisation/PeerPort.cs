using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Director.Forwarding.Links;

namespace Director.Forwarding.Synchronisation;

/// <summary>One worker's way out to the other directors: a socket of its own, so that workers do not wait for each other, and one system call for all peers.</summary>
internal sealed unsafe class PeerPort : IDatagramPort, IDisposable
{
    private const int MostPeers = 64;

    private readonly Socket _socket;
    private readonly int _descriptor;
    private readonly Libc.Message* _messages = (Libc.Message*)NativeMemory.AllocZeroed(MostPeers, (nuint)sizeof(Libc.Message));
    private volatile PeerAddresses _peers = PeerAddresses.None;
    private long _notTaken;

    /// <param name="address">Own address.</param>
    public PeerPort(IPAddress address)
    {
        _socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { Blocking = false };
        _socket.Bind(new IPEndPoint(address, 0));
        _socket.SendBufferSize = 4 << 20;
        _descriptor = (int)_socket.Handle;
    }

    /// <summary>Who is sent to.</summary>
    public PeerAddresses Peers
    {
        get => _peers;
        set => _peers = value;
    }

    /// <inheritdoc/>
    public bool HasPeers => _peers.Count > 0;

    /// <summary>Datagrams that the kernel did not take.</summary>
    public long NotTaken => Volatile.Read(ref _notTaken);

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> datagram)
    {
        var peers = _peers;
        var count = Math.Min(peers.Count, MostPeers);
        fixed (byte* bytes = datagram)
        {
            var part = new Libc.Bytes { Base = bytes, Length = (nuint)datagram.Length };
            for (var i = 0; i < count; i++)
            {
                _messages[i].Name = peers[i];
                _messages[i].NameLength = peers.Length;
                _messages[i].Parts = &part;
                _messages[i].PartCount = 1;
            }

            // A peer that cannot be reached (its port is closed: ECONNREFUSED from the datagram before) must not keep the others from theirs.
            for (var done = 0; done < count;)
            {
                var sent = Libc.sendmmsg(_descriptor, _messages + done, (uint)(count - done), Libc.DontWait);
                if (sent > 0)
                {
                    done += sent;
                    continue;
                }

                _notTaken++;
                done++;
            }
        }

        GC.KeepAlive(peers);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _socket.Dispose();
        NativeMemory.Free(_messages);
    }
}
