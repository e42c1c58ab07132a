using System.Buffers.Binary;
using System.Net.Sockets;

namespace Director.Forwarding.Synchronisation;

/// <summary>Reads one snapshot of another director, on a thread of its own.</summary>
internal sealed class SnapshotReader : IDisposable
{
    private readonly SynchronisationPeer _peer;
    private readonly SynchronisationKeys _keys;
    private readonly SnapshotRequest _request;
    private readonly RecordDelivery _delivery;
    private readonly Action<SnapshotStart> _began;
    private readonly Action<string?> _ended;
    private readonly Socket _socket;
    private readonly Thread _thread;
    private long _records;

    /// <param name="peer">Who gives it.</param>
    /// <param name="keys">The cluster's keys.</param>
    /// <param name="request">What to ask for.</param>
    /// <param name="delivery">Takes the records.</param>
    /// <param name="began">Called with the sender's answer, before its records.</param>
    /// <param name="ended">Called at the end, with what went wrong or null.</param>
    public SnapshotReader(SynchronisationPeer peer, SynchronisationKeys keys, SnapshotRequest request, RecordDelivery delivery, Action<SnapshotStart> began, Action<string?> ended)
    {
        _peer = peer;
        _keys = keys;
        _request = request;
        _delivery = delivery;
        _began = began;
        _ended = ended;
        _socket = new Socket(peer.EndPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _thread = new Thread(Run) { Name = $"snapshot of {peer.Name}", IsBackground = true };
    }

    /// <summary>Whether it is still at work.</summary>
    public bool IsAlive => _thread.IsAlive;

    /// <summary>Records read.</summary>
    public long Records => Volatile.Read(ref _records);

    /// <summary>Begins.</summary>
    public void Start() => _thread.Start();

    /// <summary>Waits until it has ended.</summary>
    public void Join() => _thread.Join();

    private void Run()
    {
        string? problem = null;
        try
        {
            Read();
        }
        catch (Exception error)
        {
            // Whatever it runs into, the director goes on forwarding and asks again.
            problem = error.Message;
        }

        _ended(problem);
    }

    private void Read()
    {
        var patience = (int)SnapshotServer.Patience.TotalMilliseconds;
        _socket.ReceiveTimeout = _socket.SendTimeout = patience;
        Connect(patience);
        using var connection = SealedConnection.Greet(_socket, _keys, asks: true);
        connection.Send(SnapshotMessages.Write(_request, connection.Frame));
        var start = SnapshotMessages.ReadStart(connection.Receive());
        if (start.Name != _peer.Name)
            throw new SnapshotException($"the director there is {start.Name}");
        _began(start);

        // What is heard from here on is newer than the snapshot; what came before is in it.
        var began = _delivery.Now;
        while (true)
        {
            var frame = connection.Receive();
            switch (frame[0])
            {
                case SnapshotMessages.Records:
                    Volatile.Write(ref _records, _records + _delivery.Deliver(frame[1..], began, out var isWhole));
                    if (!isWhole)
                        throw new SnapshotException("it sent a record that cannot be read");
                    break;
                case SnapshotMessages.End when frame.Length == 1 + sizeof(long) && BinaryPrimitives.ReadInt64BigEndian(frame[1..]) == _records:
                    return;
                default:
                    throw new SnapshotException("it did not end its snapshot as it should");
            }
        }
    }

    private void Connect(int patience)
    {
        using var stop = new CancellationTokenSource(patience);
        try
        {
            _socket.ConnectAsync(_peer.EndPoint, stop.Token).AsTask().GetAwaiter().GetResult();
        }
        catch (OperationCanceledException)
        {
            throw new SnapshotException("it does not answer");
        }
    }

    /// <summary>Breaks the reading off.</summary>
    public void Dispose() => _socket.Dispose();
}
