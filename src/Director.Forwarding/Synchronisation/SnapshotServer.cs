using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Director.Forwarding.Synchronisation;

/// <summary>
/// Gives snapshots to directors that ask for one, each by a thread of its own, no faster than forwarding bears. Nothing is kept for a reader: one that stops reading is dropped after
/// <see cref="Patience"/> and begins again.
/// </summary>
internal sealed class SnapshotServer : IDisposable
{
    /// <summary>How long a reader may not read.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private const int MostReaders = 16;
    private const int RecordsPerSecond = 300_000;
    private const int SocketBuffer = 1 << 20;

    private readonly Socket _listener;
    private readonly SynchronisationKeys _keys;
    private readonly SnapshotSource _source;
    private readonly Func<string, UInt128, SnapshotStart?> _welcome;
    private readonly SynchronisationCounters _counters;
    private readonly Thread _thread;
    private readonly HashSet<Socket> _readers = [];
    private bool _isStopping;

    /// <param name="endPoint">Where to listen.</param>
    /// <param name="keys">The cluster's keys.</param>
    /// <param name="source">What snapshots are made of.</param>
    /// <param name="welcome">What to begin a reader's snapshot with, by its name and boot; null when it is not a peer.</param>
    /// <param name="counters">Counts readers.</param>
    public SnapshotServer(IPEndPoint endPoint, SynchronisationKeys keys, SnapshotSource source, Func<string, UInt128, SnapshotStart?> welcome, SynchronisationCounters counters)
    {
        _keys = keys;
        _source = source;
        _welcome = welcome;
        _counters = counters;
        _listener = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        _listener.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
        _listener.Bind(endPoint);
        _listener.Listen(MostReaders);
        _thread = new Thread(Run) { Name = "snapshots", IsBackground = true };
        _thread.Start();
    }

    private void Run()
    {
        while (true)
        {
            Socket reader;
            try
            {
                reader = _listener.Accept();
            }
            catch (Exception error) when (error is SocketException or ObjectDisposedException)
            {
                if (Volatile.Read(ref _isStopping))
                    return;
                Thread.Sleep(100);
                continue;
            }

            lock (_readers)
            {
                if (_isStopping || _readers.Count >= MostReaders)
                {
                    reader.Dispose();
                    continue;
                }

                _readers.Add(reader);
            }

            new Thread(() => Serve(reader)) { Name = "snapshot", IsBackground = true }.Start();
        }
    }

    private void Serve(Socket reader)
    {
        try
        {
            reader.SendTimeout = reader.ReceiveTimeout = (int)Patience.TotalMilliseconds;
            reader.SendBufferSize = SocketBuffer;
            using var connection = SealedConnection.Greet(reader, _keys, asks: false);
            var request = SnapshotMessages.ReadRequest(connection.Receive());
            if (_welcome(request.Name, request.Boot) is not { } start)
            {
                Interlocked.Increment(ref _counters.ReadersNotPeers);
                return;
            }

            // Who has never caught up has little but its own, and what the reader itself may be giving it at this moment.
            Send(connection, start, request.OwnOnly || !start.WasSynchronised);
            Interlocked.Increment(ref _counters.SnapshotsGiven);
        }
        catch (SnapshotException)
        {
            Interlocked.Increment(ref _counters.ReadersRefused);
        }
        catch (Exception)
        {
            // Whatever a reader brings about, the director goes on forwarding.
            Interlocked.Increment(ref _counters.ReadersBroken);
        }
        finally
        {
            reader.Dispose();
            lock (_readers)
            {
                _readers.Remove(reader);
                Monitor.PulseAll(_readers);
            }
        }
    }

    private void Send(SealedConnection connection, SnapshotStart start, bool ownOnly)
    {
        connection.Send(SnapshotMessages.Write(start with { Size = _source.Size }, connection.Frame));
        SnapshotSource.Cursor cursor = default;
        var sent = 0L;
        var began = Stopwatch.GetTimestamp();
        while (true)
        {
            var length = _source.Write(ref cursor, ownOnly, connection.Frame[1..], out var count);
            if (length == 0)
                break;
            connection.Frame[0] = SnapshotMessages.Records;
            connection.Send(1 + length);
            sent += count;
            var ahead = (sent * 1000 / RecordsPerSecond) - (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            if (ahead > 1)
                Thread.Sleep((int)ahead);
        }

        connection.Frame[0] = SnapshotMessages.End;
        BinaryPrimitives.WriteInt64BigEndian(connection.Frame[1..], sent);
        connection.Send(1 + sizeof(long));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_readers)
        {
            _isStopping = true;
            foreach (var reader in _readers)
                reader.Dispose();
        }

        // Closing a socket does not wake who waits for it to accept; shutting it down does.
        try
        {
            _listener.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // It was never connected, which is what we are told.
        }

        _listener.Dispose();
        _thread.Join();

        // They read the workers' tables, which will be gone.
        lock (_readers)
        {
            while (_readers.Count > 0)
                Monitor.Wait(_readers);
        }
    }
}
