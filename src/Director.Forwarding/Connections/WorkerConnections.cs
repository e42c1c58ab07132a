using System.Runtime.CompilerServices;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Synchronisation;
using Director.Forwarding.Synchronisation.Ipvs;

namespace Director.Forwarding.Connections;

/// <summary>The connections of one worker: their life from the first packet to expiry, and what that means for the counters of real servers and for templates.</summary>
internal sealed unsafe class WorkerConnections : IDisposable
{
    private const int ScanLength = 64;
    private const int MostExpiredAtOnce = 4096;
    private const int EndLength = 4096;

    private readonly DestinationRegistry _destinations;
    private readonly PersistenceTemplates _templates;
    private readonly ConnectionSender? _sender;
    private readonly IpvsSender? _ipvs;
    private readonly Family _v4;
    private readonly Family _v6;
    private int _dropped;

    /// <param name="capacity">Connections that there is room for, each family.</param>
    /// <param name="seed">Secret of the hash.</param>
    /// <param name="destinations">The real servers by number.</param>
    /// <param name="templates">The persistence templates.</param>
    /// <param name="sender">Tells the other directors; null when there are none.</param>
    /// <param name="ipvs">Tells a kernel; null when nobody ever does.</param>
    public WorkerConnections(int capacity, ulong seed, DestinationRegistry destinations, PersistenceTemplates templates, ConnectionSender? sender = null, IpvsSender? ipvs = null)
    {
        _destinations = destinations;
        _templates = templates;
        _sender = sender;
        _ipvs = ipvs;
        sender?.Follow(this);
        _v4 = new Family(new ConnectionTable(false, capacity, seed));
        _v6 = new Family(new ConnectionTable(true, capacity, seed));
    }

    private sealed class Family(ConnectionTable table)
    {
        public ConnectionTable Table { get; } = table;

        public TimingWheel Wheel { get; } = new(table, 0);

        public int HalfOpen { get; set; }

        public uint Hand { get; set; } = 1;

        public uint EndHand { get; set; } = 1;
    }

    /// <summary>Hundredths of a second since the engine's start.</summary>
    public uint Now { get; set; }

    /// <summary>How long connections live.</summary>
    public StateTimeouts Timeouts { get; set; } = new(Forwarding.Timeouts.Default);

    /// <summary>When entries are pushed out.</summary>
    public DefenceMode DropEntry { get; set; } = DefenceMode.Auto;

    /// <summary>When the state table of <c>secure_tcp</c> is used.</summary>
    public DefenceMode SecureTcp { get; set; } = DefenceMode.Auto;

    /// <summary>Half-open connections.</summary>
    public int HalfOpen => _v4.HalfOpen + _v6.HalfOpen;

    /// <summary>Connections held.</summary>
    public int Count => _v4.Table.Count + _v6.Table.Count;

    /// <summary>The table of a family.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ConnectionTable Table(bool isIPv6) => isIPv6 ? _v6.Table : _v4.Table;

    private Family Of(bool isIPv6) => isIPv6 ? _v6 : _v4;

    /// <summary>Sets up a connection. Its real server has counted it already; on failure the caller must take that back.</summary>
    /// <param name="hash">Hash of the client's end.</param>
    /// <param name="ends">Its ends.</param>
    /// <param name="flags">What is known of it.</param>
    /// <param name="destination">Number of its real server, or -1.</param>
    /// <param name="template">The template that controls it, or 0.</param>
    /// <returns>Its number, or 0 when there is no room.</returns>
    public uint Create(ulong hash, in ConnectionEnds ends, ConnectionFlags flags, int destination, uint template)
    {
        var family = Of(ends.Client.IsIPv6);
        var table = family.Table;
        if (FloodDefence.IsActive(DropEntry, table.Count, family.HalfOpen, table.Capacity))
            DropSome(family);
        var number = table.Insert(hash, ends);
        if (number == 0)
            return 0;
        var connection = table[number];
        connection->Flags = flags | ConnectionFlags.Inactive;
        connection->Destination = destination;
        connection->Template = template;
        connection->State = TcpState.None;
        // IPVS gives a new entry three seconds until the state machine has seen its first packet.
        connection->Deadline = Now + 300;
        connection->SentAt = Now - ConnectionSender.Never;
        family.Wheel.Add(number);
        if (ends.Protocol == Wire.Tcp)
            family.HalfOpen++;
        return number;
    }

    /// <summary>A connection that was just set up is an established one, met in its midst.</summary>
    public void Establish(bool isIPv6, uint number)
    {
        var family = Of(isIPv6);
        ChangeState(family, family.Table[number], TcpState.Established);
    }

    /// <summary>Ends a connection.</summary>
    public void End(bool isIPv6, uint number)
    {
        _sender?.Ended(Table(isIPv6)[number], isIPv6, Now);
        Forget(isIPv6, number);
    }

    /// <summary>Ends a connection that another director ended.</summary>
    public void Forget(bool isIPv6, uint number)
    {
        var family = Of(isIPv6);
        family.Wheel.Remove(number);
        Forget(family, number);
    }

    private void Forget(Family family, uint number)
    {
        var connection = family.Table[number];
        if (FloodDefence.IsHalfOpen(*connection))
            family.HalfOpen--;
        if (connection->Destination >= 0)
            _destinations[connection->Destination].Unbind((connection->Flags & ConnectionFlags.Inactive) == 0);
        if (connection->Template != 0)
            _templates.Release(connection->Template, family.Table.IsIPv6);
        family.Table.Remove(number);
    }

    /// <summary>Follows a packet: state, time to live, active or inactive.</summary>
    /// <param name="number">The connection.</param>
    /// <param name="packet">The packet.</param>
    /// <param name="isOutput">Whether it goes to the client.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Follow(uint number, in Packet packet, bool isOutput)
    {
        var family = Of(packet.IsIPv6);
        var connection = family.Table[number];
        if (isOutput)
            connection->Flags &= ~ConnectionFlags.InputOnly;
        else
            connection->Packets++;
        var before = connection->State;
        if (packet.Protocol == Wire.Tcp && packet.Fragment != FragmentPart.Later)
        {
            var direction = isOutput ? TcpDirection.Output : (connection->Flags & ConnectionFlags.InputOnly) != 0 ? TcpDirection.InputOnly : TcpDirection.Input;
            var isSecure = SecureTcp != DefenceMode.Off && FloodDefence.IsActive(SecureTcp, family.Table.Count, family.HalfOpen, family.Table.Capacity);
            var next = TcpStateTable.Next(connection->State, direction, packet.TcpFlags, isSecure || SecureTcp == DefenceMode.Always);
            if (next != connection->State)
                ChangeState(family, connection, next);
            if ((packet.TcpFlags & Wire.Syn) != 0)
                KeepMss(connection, packet, isOutput);
        }

        var lifetime = packet.Protocol == Wire.Tcp ? Timeouts[connection->State] : Timeouts.Udp;
        family.Wheel.SetDeadline(number, connection, Now + lifetime);
        if (_sender is not null && _sender.IsDue(connection, connection->State != before, Now, lifetime))
            _sender.Note(packet.IsIPv6, number, connection, Now);
        if (_ipvs is not null && !isOutput)
            _ipvs.Follow(connection, packet.IsIPv6, Now, lifetime);
    }

    /// <summary>Brings a connection to what another director tells of it.</summary>
    /// <param name="isIPv6">Its family.</param>
    /// <param name="number">The connection.</param>
    /// <param name="record">What is told.</param>
    /// <param name="isOfSnapshot">Whether it was told of before; then one that stands as it does lives as long as its original, and is still whose it was.</param>
    /// <param name="heard">When it was heard, in hundredths of a second since the engine's start.</param>
    public void Receive(bool isIPv6, uint number, in ConnectionRecord record, bool isOfSnapshot, uint heard)
    {
        var family = Of(isIPv6);
        var connection = family.Table[number];
        var isNew = connection->SentAt == Now - ConnectionSender.Never;
        var isSameState = connection->State == record.State;
        if (isOfSnapshot && !isNew && isSameState)
        {
            if ((int)(Now + record.Left - connection->Deadline) > 0)
                family.Wheel.SetDeadline(number, connection, Now + record.Left);
            return;
        }

        if (record.Protocol == Wire.Tcp && !isSameState)
            ChangeState(family, connection, record.State);
        connection->Flags |= ConnectionFlags.Received;
        if ((record.Flags & RecordFlags.InputOnly) == 0)
            connection->Flags &= ~ConnectionFlags.InputOnly;
        if (record.ClientMss != 0)
            connection->ClientMss = record.ClientMss;
        if (record.RealMss != 0)
            connection->RealMss = record.RealMss;

        // A packet just before the next refresh is not told of: the copy outlives the original by as much, so that a quiet connection does not expire here first.
        var lifetime = record.Protocol == Wire.Tcp ? Timeouts[record.State] : Timeouts.Udp;
        var left = FloodDefence.IsHalfOpen(*connection) ? record.Left : record.Left + (lifetime / 2);
        if (!isSameState || isNew || (int)(Now + left - connection->Deadline) > 0)
            family.Wheel.SetDeadline(number, connection, Now + left);
        connection->SentAt = heard;
    }

    /// <summary>Brings a connection to what a kernel tells of it. It is not the other directors' yet: they are told when this one has to do with it.</summary>
    /// <param name="isIPv6">Its family.</param>
    /// <param name="number">The connection.</param>
    /// <param name="record">What is told; it lives as long as that says, or as its state does where that says nothing.</param>
    /// <param name="packets">How many packets of its client it counts for.</param>
    public void ReceiveOfKernel(bool isIPv6, uint number, in ConnectionRecord record, uint packets)
    {
        var family = Of(isIPv6);
        var connection = family.Table[number];
        if (record.Protocol == Wire.Tcp && connection->State != record.State)
            ChangeState(family, connection, record.State);
        connection->Packets = packets;
        connection->ToldToKernel = IpvsRule.Told(record.State);
        var lifetime = record.Protocol == Wire.Tcp ? Timeouts[record.State] : Timeouts.Udp;
        family.Wheel.SetDeadline(number, connection, Now + (record.Left != 0 ? record.Left : lifetime));
    }

    private void ChangeState(Family family, Connection* connection, TcpState next)
    {
        var wasHalfOpen = FloodDefence.IsHalfOpen(*connection);
        connection->State = next;
        if (FloodDefence.IsHalfOpen(*connection) != wasHalfOpen)
            family.HalfOpen += wasHalfOpen ? -1 : 1;

        var isInactive = (connection->Flags & ConnectionFlags.Inactive) != 0;
        if (next == TcpState.Established && isInactive)
        {
            connection->Flags &= ~ConnectionFlags.Inactive;
            if (connection->Destination >= 0)
                _destinations[connection->Destination].Activate();
            if (connection->Template != 0)
                _templates.Assure(connection->Template, family.Table.IsIPv6, Now, _sender);
        }
        else if (next != TcpState.Established && !isInactive)
        {
            connection->Flags |= ConnectionFlags.Inactive;
            if (connection->Destination >= 0)
                _destinations[connection->Destination].Deactivate();
        }
    }

    /// <summary>Gives a connection to the real server that took the place of a removed one. False when that one was removed too.</summary>
    public bool Rebind(Connection* connection, Destination to)
    {
        if (!to.TryBind())
            return false;
        var wasActive = (connection->Flags & ConnectionFlags.Inactive) == 0;
        if (wasActive)
            to.Activate();
        _destinations[connection->Destination].Unbind(wasActive);
        connection->Destination = to.Index;
        return true;
    }

    private static void KeepMss(Connection* connection, in Packet packet, bool isOutput)
    {
        var mss = TcpOptions.MaximumSegmentSize(packet);
        if (isOutput)
            connection->RealMss = mss;
        else
            connection->ClientMss = mss;
    }

    /// <summary>
    /// Lets connections expire whose time has come; a bounded number a call, so that packets do not wait. Called every 10 ms it keeps up with 400,000 ends a second.
    /// </summary>
    /// <returns>How many expired.</returns>
    public int Expire() => Expire(_v4) + Expire(_v6);

    private int Expire(Family family)
    {
        Span<uint> due = stackalloc uint[256];
        var expired = 0;
        while (expired < MostExpiredAtOnce)
        {
            var count = family.Wheel.Advance(Now, due);
            foreach (var number in due[..count])
                Forget(family, number);
            expired += count;
            if (count < due.Length)
                break;
        }

        return expired;
    }

    /// <summary>
    /// A hand goes round the table, a few entries for each new connection, and takes what may go until the defence rests: the oldest half-open ones, roughly. Where it passes over
    /// established ones it falls behind, by one entry for <see cref="ScanLength"/> at most, and catches up later.
    /// </summary>
    private void DropSome(Family family)
    {
        var table = family.Table;
        var isFull = table.Count >= table.Capacity - (table.Capacity / 64);
        var limit = table.NumberLimit;
        for (var looked = 0; looked < ScanLength && limit > 1; looked++)
        {
            if (family.Hand >= limit)
                family.Hand = 1;
            var number = family.Hand++;
            var connection = table[number];
            if (!table.IsUsed(number) || !FloodDefence.MayDrop(*connection, Idle(connection), isFull))
                continue;
            _dropped++;
            family.Wheel.Remove(number);
            Forget(family, number);
            if (!FloodDefence.IsActive(DropEntry, table.Count, family.HalfOpen, table.Capacity))
                return;
        }
    }

    /// <summary>
    /// Looks at the next few entries for connections whose real server's time is over (<see cref="ConnectionFate.Ended"/>), and ends them: those of clients that say nothing, too. Called every
    /// 10 ms it has gone round a table of a million in three seconds.
    /// </summary>
    /// <returns>How many it ended.</returns>
    public int EndSome() => EndSome(_v4) + EndSome(_v6);

    private int EndSome(Family family)
    {
        var table = family.Table;
        var limit = table.NumberLimit;
        var ended = 0;
        for (var looked = 0; looked < Math.Min(EndLength, limit); looked++)
        {
            if (family.EndHand >= limit)
                family.EndHand = 1;
            var number = family.EndHand++;
            if (number >= limit || !table.IsUsed(number) || table[number]->Destination < 0 || _destinations[table[number]->Destination] is not { IsAvailable: true, Fate: ConnectionFate.Ended })
                continue;
            End(table.IsIPv6, number);
            ended++;
        }

        return ended;
    }

    /// <summary>Connections pushed out by <see cref="DropEntry"/> since the last call.</summary>
    public int TakeDropped()
    {
        var dropped = _dropped;
        _dropped = 0;
        return dropped;
    }

    private uint Idle(Connection* connection)
    {
        var lifetime = connection->Protocol == Wire.Tcp ? Timeouts[connection->State] : Timeouts.Udp;
        var left = (int)(connection->Deadline - Now);
        return (uint)Math.Max((int)lifetime - left, 0);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _v4.Table.Dispose();
        _v4.Wheel.Dispose();
        _v6.Table.Dispose();
        _v6.Wheel.Dispose();
    }
}
