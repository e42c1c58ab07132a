using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Director.Forwarding.Connections;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Synchronisation;

/// <summary>
/// Tells the other directors what a worker's connections do. Connections that changed are noted while a batch is handled and written, as they stand, when it is sent: before its frames, so that no
/// reply can come to a connection that the others do not know of.
/// </summary>
internal sealed unsafe class ConnectionSender : IDisposable
{
    /// <summary>How far before now a connection that was never sent counts as sent: at its first packet it is due. In hundredths of a second.</summary>
    public const uint Never = 1 << 30;

    private const int MostPending = 256;
    private const uint IPv6Bit = 1u << 31;

    // sync_threshold and sync_period of ipvs-sysctl.rst.
    private const uint Threshold = 3;
    private const uint Period = 50;

    private readonly SynchronisedConnections _mode;
    private readonly RecordStream _stream;
    private readonly DestinationRegistry _destinations;
    private readonly uint* _pending = (uint*)NativeMemory.Alloc(MostPending, sizeof(uint));
    private int _pendingCount;
    private WorkerConnections? _connections;

    /// <param name="mode">When connections are sent.</param>
    /// <param name="stream">The worker's stream.</param>
    /// <param name="destinations">The real servers by number.</param>
    public ConnectionSender(SynchronisedConnections mode, RecordStream stream, DestinationRegistry destinations)
    {
        _mode = mode;
        _stream = stream;
        _destinations = destinations;
    }

    /// <summary>The stream that it writes to.</summary>
    public RecordStream Stream => _stream;

    /// <summary>Whose connections it tells of; said once, before anything else.</summary>
    public void Follow(WorkerConnections connections) => _connections = connections;

    /// <summary>Whether a connection is to be sent after a packet.</summary>
    /// <param name="connection">The connection after the packet.</param>
    /// <param name="stateChanged">Whether the packet changed its state.</param>
    /// <param name="now">Hundredths of a second since the engine's start.</param>
    /// <param name="lifetime">How long it lives now without a packet, in hundredths of a second.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsDue(Connection* connection, bool stateChanged, uint now, uint lifetime) => _mode == SynchronisedConnections.Full
        ? stateChanged || now - connection->SentAt >= lifetime >> 1
        : _mode == SynchronisedConnections.Ipvs && IsDueByKernelsRule(connection, stateChanged);

    private static bool IsDueByKernelsRule(Connection* connection, bool stateChanged)
    {
        if (connection->Protocol == Wire.Tcp)
        {
            if (connection->State is not (TcpState.Established or TcpState.FinWait or TcpState.Close or TcpState.CloseWait or TcpState.TimeWait))
                return false;
            if (stateChanged && connection->State != TcpState.Established)
                return true;
        }

        return connection->Packets % Period == Threshold;
    }

    /// <summary>Notes a connection that is to be sent with this batch.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public void Note(bool isIPv6, uint number, Connection* connection, uint now)
    {
        connection->SentAt = now;

        // What only remembers the way back for one-packet scheduling is nobody else's business.
        if ((connection->Flags & ConnectionFlags.Noted) != 0 || IsWayBack(connection))
            return;
        connection->Flags = (connection->Flags | ConnectionFlags.Noted) & ~ConnectionFlags.Received;
        if (_pendingCount == MostPending)
            WritePending();
        _pending[_pendingCount++] = number | (isIPv6 ? IPv6Bit : 0);
    }

    private static bool IsWayBack(Connection* connection) =>
        connection->Destination < 0 && (connection->Flags & (ConnectionFlags.Masqueraded | ConnectionFlags.Straight)) == 0;

    /// <summary>Tells of a connection that is ended before its time. It is still there.</summary>
    public void Ended(Connection* connection, bool isIPv6, uint now)
    {
        if (_mode != SynchronisedConnections.Templates && !IsWayBack(connection) && TryDescribe(connection, isIPv6, now, _destinations, out var record))
        {
            record.Kind = RecordKind.End;
            _stream.Add(record);
        }
    }

    /// <summary>Tells of a persistence template. The lock on templates is held.</summary>
    public void Changed(Connection* template, bool isIPv6, uint now)
    {
        template->SentAt = now;
        template->Flags &= ~ConnectionFlags.Received;
        if (TryDescribe(template, isIPv6, now, _destinations, out var record))
            _stream.Add(record);
    }

    /// <summary>Sends what was noted.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Flush()
    {
        if (_pendingCount > 0)
            WritePending();
        _stream.Flush();
    }

    private void WritePending()
    {
        for (var i = 0; i < _pendingCount; i++)
        {
            var isIPv6 = (_pending[i] & IPv6Bit) != 0;
            var connection = _connections!.Table(isIPv6)[_pending[i] & ~IPv6Bit];

            // One that has ended since was told of when it did; its number may be another's, noted on its own.
            if ((connection->Flags & ConnectionFlags.Noted) == 0)
                continue;
            connection->Flags &= ~ConnectionFlags.Noted;
            if (TryDescribe(connection, isIPv6, _connections.Now, _destinations, out var record))
                _stream.Add(record);
        }

        _pendingCount = 0;
    }

    /// <summary>The record of a connection or template as it stands. False when nothing is sent of it.</summary>
    /// <param name="connection">The connection, or a copy of one.</param>
    /// <param name="isIPv6">Its family.</param>
    /// <param name="now">Hundredths of a second since the engine's start.</param>
    /// <param name="destinations">The real servers by number.</param>
    /// <param name="record">The record.</param>
    public static bool TryDescribe(Connection* connection, bool isIPv6, uint now, DestinationRegistry destinations, out ConnectionRecord record)
    {
        record = default;
        var flags = connection->Flags;
        var isTemplate = (flags & ConnectionFlags.Template) != 0;
        var destination = connection->Destination < 0 ? null : destinations.Find(connection->Destination);
        if (destination is null && (connection->Destination >= 0 || isTemplate || IsWayBack(connection)))
            return false;
        record.Kind = isTemplate ? RecordKind.Template : RecordKind.Connection;
        record.Flags = ((flags & ConnectionFlags.Rewritten) != 0 ? RecordFlags.Rewritten : 0)
            | ((flags & ConnectionFlags.InputOnly) != 0 ? RecordFlags.InputOnly : 0)
            | ((flags & ConnectionFlags.Masqueraded) != 0 ? RecordFlags.Masqueraded : 0)
            | ((flags & ConnectionFlags.Straight) != 0 ? RecordFlags.Straight : 0)
            | ((flags & ConnectionFlags.Assured) != 0 ? RecordFlags.Assured : 0)
            | (!isTemplate && connection->Template != 0 ? RecordFlags.Controlled : 0);
        record.Protocol = connection->Protocol;
        record.State = connection->State;
        record.ClientPort = connection->ClientPort;
        record.VirtualPort = connection->VirtualPort;
        record.RealPort = connection->RealPort;
        record.ClientMss = connection->ClientMss;
        record.RealMss = connection->RealMss;
        record.Left = (uint)Math.Max((int)(connection->Deadline - now), 0);
        record.Client = Connection.Client(connection, isIPv6);
        record.Virtual = Connection.Virtual(connection, isIPv6);
        if (destination is null)
        {
            record.Real = Connection.Real(connection, isIPv6);
            return true;
        }

        // A tunnel's end may be of the other family; the entry has no room for it.
        record.Real = destination.Address;
        record.Mark = destination.Service.Mark;
        if (record.Mark == 0 && destination.Service.Key.Port == 0)
            record.Flags |= RecordFlags.AnyPort;
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        NativeMemory.Free(_pending);
        _stream.Dispose();
    }
}
