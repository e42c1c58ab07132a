using System.Security.Cryptography;

namespace Director.Forwarding.Synchronisation;

/// <summary>Where datagrams leave to the other directors.</summary>
internal interface IDatagramPort
{
    /// <summary>Whether there is anybody to send to.</summary>
    bool HasPeers { get; }

    /// <summary>Sends a datagram to every peer. What the kernel does not take is lost, and repaired like what the network loses.</summary>
    void Send(ReadOnlySpan<byte> datagram);
}

/// <summary>A worker's stream of records: packs them into datagrams, numbers, seals, keeps and sends these. Only the worker writes.</summary>
internal sealed class RecordStream : IDisposable
{
    /// <summary>Records in a datagram at most.</summary>
    public const int RecordsPerDatagram = 50;

    private readonly byte _number;
    private readonly UInt128 _boot;
    private readonly uint _identity;
    private readonly AesGcm _key;
    private readonly IDatagramPort _port;
    private readonly byte[] _datagram = GC.AllocateArray<byte>(Datagram.MaximumLength, pinned: true);
    private int _length;
    private int _count;
    private ulong _sequence;
    private long _records;

    /// <param name="number">The worker's number.</param>
    /// <param name="boot">The random number of this start.</param>
    /// <param name="keys">The cluster's keys.</param>
    /// <param name="port">Where datagrams leave.</param>
    /// <param name="historyBytes">Memory for datagrams that may have to be sent again.</param>
    public RecordStream(byte number, UInt128 boot, SynchronisationKeys keys, IDatagramPort port, int historyBytes)
    {
        _number = number;
        _boot = boot;
        _identity = keys.Identity;
        _key = keys.ForDatagrams(boot);
        _port = port;
        History = new SentHistory(historyBytes);
    }

    /// <summary>What was sent.</summary>
    public SentHistory History { get; }

    /// <summary>Number of the last datagram; any thread may ask.</summary>
    public ulong Position => Volatile.Read(ref _sequence);

    /// <summary>Records sent; any thread may ask.</summary>
    public long Records => Volatile.Read(ref _records);

    /// <summary>Adds a record to the datagram in the making.</summary>
    public void Add(in ConnectionRecord record)
    {
        if (!_port.HasPeers)
            return;
        if (_count == RecordsPerDatagram || _length + RecordCodec.MaximumLength > Datagram.MaximumPayload)
            Flush();
        _length += RecordCodec.Write(record, _datagram.AsSpan(Datagram.HeaderLength + _length));
        _count++;
    }

    /// <summary>Sends the datagram in the making, if it holds anything.</summary>
    public void Flush()
    {
        if (_count == 0)
            return;
        var sequence = _sequence + 1;
        var length = Datagram.Seal(_datagram, _length, new DatagramHeader(_boot, _number, sequence), _identity, _key);
        var datagram = _datagram.AsSpan(0, length);
        History.Add(sequence, datagram);
        Volatile.Write(ref _records, _records + _count);
        Volatile.Write(ref _sequence, sequence);
        _length = 0;
        _count = 0;
        _port.Send(datagram);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _key.Dispose();
        History.Dispose();
    }
}
