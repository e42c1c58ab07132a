using System.Net;
using System.Net.Sockets;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>Stands before a director: passes on its datagrams, but for those that a test loses, repeats or holds back, and its TCP connections.</summary>
internal sealed class LossyNetwork : IDisposable
{
    private readonly IPEndPoint _to;
    private readonly Socket _udp = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
    private readonly TcpListener _tcp;
    private readonly List<Socket> _connections = [];
    private volatile bool _isStopping;
    private long _passed;
    private long _bytes;

    public LossyNetwork(IPEndPoint to)
    {
        _to = to;
        _tcp = new TcpListener(IPAddress.Loopback, 0);
        _tcp.Start();
        EndPoint = (IPEndPoint)_tcp.LocalEndpoint;
        _udp.ReceiveBufferSize = 8 << 20;
        _udp.Bind(EndPoint);
        new Thread(PassDatagrams) { IsBackground = true }.Start();
        new Thread(Accept) { IsBackground = true }.Start();
    }

    /// <summary>What the other directors are to send to.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>What becomes of a datagram: those that go on now.</summary>
    public Func<byte[], IEnumerable<byte[]>> Fate { get; set; } = datagram => [datagram];

    /// <summary>Whether TCP connections are refused.</summary>
    public bool IsCut { get; set; }

    public long Passed => Volatile.Read(ref _passed);

    public long Bytes => Volatile.Read(ref _bytes);

    private void PassDatagrams()
    {
        var buffer = new byte[65_536];
        while (!_isStopping)
        {
            try
            {
                var length = _udp.Receive(buffer);
                foreach (var datagram in Fate(buffer[..length]))
                {
                    Interlocked.Increment(ref _passed);
                    Interlocked.Add(ref _bytes, datagram.Length);
                    _udp.SendTo(datagram, _to);
                }
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                // The director behind is gone, or the test is over.
            }
        }
    }

    private void Accept()
    {
        try
        {
            while (true)
            {
                var from = _tcp.AcceptSocket();
                if (IsCut)
                {
                    from.Dispose();
                    continue;
                }

                var to = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
                to.Connect(_to);
                lock (_connections)
                    _connections.AddRange([from, to]);
                new Thread(() => Pump(from, to)) { IsBackground = true }.Start();
                new Thread(() => Pump(to, from)) { IsBackground = true }.Start();
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // The test is over.
        }
    }

    private static void Pump(Socket from, Socket to)
    {
        var buffer = new byte[65_536];
        try
        {
            int length;
            while ((length = from.Receive(buffer)) > 0)
                to.Send(buffer.AsSpan(0, length));
            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            from.Dispose();
            to.Dispose();
        }
    }

    public void Dispose()
    {
        _isStopping = true;
        _udp.Dispose();
        _tcp.Stop();
        lock (_connections)
        {
            foreach (var connection in _connections)
                connection.Dispose();
        }
    }
}
