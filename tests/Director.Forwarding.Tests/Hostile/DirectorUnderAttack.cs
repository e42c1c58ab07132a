using Director.Forwarding.Connections;
using Director.Forwarding.Engine;
using Director.Forwarding.Kernel;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;
using Director.Forwarding.Scheduling;
using Director.Forwarding.Statistics;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>Something is wrong with the director: which rule was broken, and how.</summary>
internal sealed class FindingException(string message) : Exception(message);

/// <summary>Two workers of a director between guarded frames in and judged frames out. Whatever breaks a rule throws <see cref="FindingException"/>.</summary>
internal sealed unsafe class DirectorUnderAttack : IDisposable
{
    public const ulong OutsideMac = 0x01_00_00_00_00_02;
    public const ulong InsideMac = 0x01_01_00_00_00_02;
    public const ulong ClientMac = 0x07_00_00_00_00_02;
    public const ulong RealMac = 0x11_01_00_00_00_02;
    public const int Outside = 0, Inside = 1, Tun = 2;
    public const int Workers = 2;
    public const int LongestBatch = 8;

    private const int RecentFrames = 16;
    private const int Deep = 512;

    private static readonly PacketCounter[] AllCounters = Enum.GetValues<PacketCounter>();

    private static long s_allocating;
    private static long s_mayAllocate = 50;

    private readonly GuardedMemory _memory = new(LongestBatch + 1);
    private readonly Traffic _traffic = new(Workers);
    private readonly HostileRoutes _routes = new();
    private readonly ServiceTable _services;
    private readonly PersistenceTemplates _templates;
    private readonly PublishedView _view;
    private readonly FrameBatch _batch = new();
    private readonly PacketCounters[] _counters = [new(), new()];
    private readonly Forwarder[] _forwarders;
    private readonly HandOverRing[,] _rings = new HandOverRing[Workers, Workers];
    private readonly ulong[] _before = new ulong[AllCounters.Length * Workers];
    private readonly (int Length, bool IsAtStart)[] _placed = new (int, bool)[LongestBatch + 1];
    private readonly SentRecently[] _recent = [.. Enumerable.Range(0, RecentFrames).Select(_ => new SentRecently())];
    private int _recentCount;
    private bool _isStalled;
    private bool _isJudged;
    private bool _isOurs;
    private long _framesIn, _bytesIn, _framesOut, _bytesOut;
    private Fault _fault;
    private byte[] _faulty = [];
    private readonly byte[] _faultyRoom = new byte[Frame.MaximumLength + 64];
    private int _faultyLength;
    private Frame _faultyFrame;
    private ulong _outSignature;
    private long _now = 1000;
    private int _processed;

    public DirectorUnderAttack(int connections)
    {
        _services = new ServiceTable(_traffic, address => _routes.Find(address).Kind == RouteKind.Local, new Random(1));
        _templates = new PersistenceTemplates(Math.Max(connections / 4, 64), 1, _services.Destinations);
        _view = new PublishedView(new WorkerView(_services.Current, HiddenPackets.None));
        for (var from = 0; from < Workers; from++)
        {
            for (var to = 0; to < Workers; to++)
                _rings[from, to] = new HandOverRing();
        }

        _forwarders = [.. Enumerable.Range(0, Workers).Select(worker => new Forwarder(new ForwarderSetup
        {
            Links = [new JudgedLink(this, "outside", Outside, OutsideMac, 1500), new JudgedLink(this, "inside", Inside, InsideMac, 1500), new JudgedLink(this, "tun", Tun, 0, 65535)],
            View = _view,
            Destinations = _services.Destinations,
            Templates = _templates,
            Traffic = _traffic.Worker(worker),
            Counters = _counters[worker],
            Routes = _routes,
            Connections = connections,
            Seed = 42,
            HandOver = new Rings(this, worker),
        }))];
        Apply(0);
    }

    /// <summary>A frame that went out of late, for attacks that answer.</summary>
    public sealed class SentRecently
    {
        public byte[] Bytes { get; } = new byte[2048];

        public int Length { get; set; }

        public byte Link { get; set; }
    }

    public IReadOnlyList<SentRecently> Recent => _recent;

    /// <summary>What the last batch brought about, as one number: counters by magnitude, kinds of frames out, connections more or fewer. 0 while frames are still gathered.</summary>
    public ulong Signature { get; private set; }

    public void Do(AttackStep step)
    {
        Signature = 0;
        if (step.Kind == AttackKind.Frame)
        {
            Place(step);
            if (!step.IsFollowed || _batch.Count == LongestBatch)
                Process(step.Worker % Workers);
            return;
        }

        if (_batch.Count > 0)
            Process(0);
        switch (step.Kind)
        {
            case AttackKind.Wait:
                _now += Math.Max(step.Value, 0);
                Tick();
                break;
            case AttackKind.Table:
                Apply(step.Value);
                break;
            case AttackKind.Neighbours:
                _routes.AreNeighboursKnown = step.Value != 0;
                break;
            case AttackKind.Stall:
                _isStalled = step.Value != 0;
                break;
        }
    }

    /// <summary>Ends everything: connections and templates run out, and then nothing may be counted anywhere.</summary>
    public void End()
    {
        _isStalled = false;
        Process(0);
        CheckDeep();
        for (var second = 0; second < 20_000 && !IsEmpty; second++)
        {
            _now += 1000;
            Tick();
        }

        if (!IsEmpty)
            throw new FindingException($"After everything has ended {_forwarders.Sum(each => each.Connections.Count)} connections and {TemplateCount} templates are left.");
        for (var index = 0; index < _services.Destinations.Used; index++)
        {
            if (_services.Destinations.Find(index) is { } destination && destination.ActiveConnections + destination.InactiveConnections + destination.PersistentConnections != 0)
            {
                throw new FindingException(
                    $"After everything has ended {destination.Address} still counts {destination.ActiveConnections} active, {destination.InactiveConnections} inactive, {destination.PersistentConnections} persistent.");
            }
        }

        if (_forwarders.Sum(each => each.Connections.HalfOpen) != 0)
            throw new FindingException("After everything has ended half-open connections are counted.");
    }

    private bool IsEmpty => TemplateCount == 0 && _forwarders.All(each => each.Connections.Count == 0 && !each.IsWaiting);

    private int TemplateCount => _templates.Table(false).Count + _templates.Table(true).Count;

    private void Apply(int number)
    {
        var table = HostileTables.All[(int)((uint)number % HostileTables.Count)];
        _services.Apply(table);
        s_mayAllocate += 20;
        var hidden = HiddenTraffic.Of(table, ["outside", "inside", "tun"], address => _routes.Find(InetAddress.From(address)).Kind == RouteKind.Local);
        _view.Current = new WorkerView(_services.Current, new HiddenPackets(hidden));

        // Workers take up a new table before the next packet; that may allocate. Frames that waited for a neighbour may leave, and nobody knows any more how they came.
        Remember();
        _isJudged = _isOurs = false;
        foreach (var forwarder in _forwarders)
            forwarder.Tick(_now);
        Conclude();
    }

    private void Place(AttackStep step)
    {
        var slot = _batch.Count;
        var link = (byte)(step.Link % 3);
        ref var frame = ref _batch.Append(0, link);
        frame.Data = _memory.Put(slot, step.Bytes, step.IsAtStart);
        frame.Length = step.Bytes.Length;
        frame.Flags = step.Flags;
        frame.SegmentSize = step.SegmentSize;
        _placed[slot] = (step.Bytes.Length, step.IsAtStart);
    }

    private void Process(int worker)
    {
        Remember();
        _isJudged = _isOurs = true;
        for (var i = 0; i < _batch.Count; i++)
        {
            ref var frame = ref _batch[i];
            _isJudged &= PacketWitness.IsRight(new ReadOnlySpan<byte>(frame.Data, frame.Length), frame.Link != Tun);
            _isOurs &= frame.Link != Tun;
            _framesIn++;
            _bytesIn += frame.Length;
        }

        if (_batch.Count > 0)
        {
            var received = _counters[worker][PacketCounter.Received];
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            _forwarders[worker].Process(_batch, _now);
            allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
            if (_counters[worker][PacketCounter.Received] - received != (ulong)_batch.Count)
                throw new FindingException("Frames received are not all counted.");
            for (var i = 0; i < _batch.Count; i++)
                CheckSlot(i);
            _batch.Clear();
            CheckAllocation(allocated);
        }

        if (!_isStalled)
            TakeHandedOver();
        Conclude();
    }

    private void TakeHandedOver()
    {
        for (var to = 0; to < Workers; to++)
        {
            for (var from = 0; from < Workers; from++)
            {
                while (_rings[from, to].TryPeek(out var frame, out var sourcePort, out var destinationPort))
                {
                    const int slot = LongestBatch;
                    var isAtStart = (frame.Length & 1) != 0;
                    _framesIn++;
                    _bytesIn += frame.Length;
                    _isJudged &= PacketWitness.IsRight(new ReadOnlySpan<byte>(frame.Data, frame.Length), frame.Link != Tun);
                    _isOurs &= frame.Link != Tun;
                    _placed[slot] = (frame.Length, isAtStart);
                    frame.Data = _memory.Put(slot, new ReadOnlySpan<byte>(frame.Data, frame.Length), isAtStart);
                    var allocated = GC.GetAllocatedBytesForCurrentThread();
                    _forwarders[to].ProcessHandedOver(ref frame, sourcePort, destinationPort, _now);
                    allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
                    _rings[from, to].Release();
                    CheckSlot(slot);
                    CheckAllocation(allocated);
                }
            }
        }
    }

    private void Tick()
    {
        Remember();
        _isJudged = _isOurs = false;
        for (var round = 0; round < 4; round++)
        {
            var allocated = GC.GetAllocatedBytesForCurrentThread();
            foreach (var forwarder in _forwarders)
                forwarder.Tick(_now);
            _templates.Expire((uint)(_now / 10));
            CheckAllocation(GC.GetAllocatedBytesForCurrentThread() - allocated);
        }

        Conclude();
    }

    private void Remember()
    {
        for (var worker = 0; worker < Workers; worker++)
        {
            for (var i = 0; i < AllCounters.Length; i++)
                _before[(worker * AllCounters.Length) + i] = _counters[worker][AllCounters[i]];
        }

        _outSignature = 0;
        _fault = Fault.None;
        _framesIn = _bytesIn = _framesOut = _bytesOut = 0;
    }

    private void Conclude()
    {
        if (_fault != Fault.None)
        {
            _faulty = _faultyRoom[.._faultyLength];
            throw new FindingException(
                $"A frame went out that is wrong ({_fault}): link {_faultyFrame.Link} flags {_faultyFrame.Flags} segment {_faultyFrame.SegmentSize} transport {_faultyFrame.TransportOffset} "
                + Convert.ToHexString(_faulty.AsSpan(0, Math.Min(_faulty.Length, 300))) + $" ({_faulty.Length} bytes)");
        }

        ulong signature = _outSignature, sent = 0;
        for (var i = 0; i < _before.Length; i++)
        {
            var counter = AllCounters[i % AllCounters.Length];
            var difference = _counters[i / AllCounters.Length][counter] - _before[i];
            if (counter is PacketCounter.Sent or PacketCounter.SendFailed)
                sent += difference;
            if (difference > 0)
                signature = Mix(signature, (ulong)((i * 64) + System.Numerics.BitOperations.Log2(difference)));
        }

        if (sent != (ulong)_framesOut)
            throw new FindingException($"{_framesOut} frames went out, {sent} are counted.");
        if (_framesIn > 0 && _framesOut > (_framesIn * 40) + 64 + (_bytesIn / 40))
            throw new FindingException($"{_framesIn} frames of {_bytesIn} bytes brought about {_framesOut}.");
        if (_framesIn > 0 && _bytesOut > (_bytesIn * 40) + 300_000)
            throw new FindingException($"{_framesIn} frames of {_bytesIn} bytes brought about {_bytesOut} bytes.");
        Signature = Mix(signature, (ulong)_forwarders.Sum(each => Math.Min(each.Connections.HalfOpen, 3))) | 1;
        if (++_processed % Deep == 0)
            CheckDeep();
    }

    private void CheckSlot(int slot)
    {
        var (length, isAtStart) = _placed[slot];
        if (!_memory.IsIntact(slot, length, isAtStart))
            throw new FindingException($"Somebody wrote {(isAtStart ? "behind" : "before the headroom of")} a frame of {length} bytes.");
    }

    private void CheckAllocation(long bytes)
    {
        // The first times set up what is static, and after a new table the memories of lblc and lblcr grow; whoever allocates for packets does it again and again.
        if (bytes != 0 && ++s_allocating > s_mayAllocate)
            throw new FindingException($"A step allocated {bytes} bytes on the managed heap; it is the {s_allocating}th that did.");
    }

    /// <summary>What the tables hold and what is counted agree.</summary>
    private void CheckDeep()
    {
        var active = new Dictionary<int, (int Active, int Inactive, int Persistent)>();
        var controlled = new Dictionary<(bool, uint), uint>();
        foreach (var isIPv6 in (bool[])[false, true])
        {
            foreach (var forwarder in _forwarders)
            {
                var table = forwarder.Connections.Table(isIPv6);
                var count = 0;
                for (uint number = 1; number < table.NumberLimit; number++)
                {
                    if (!table.IsUsed(number))
                        continue;
                    count++;
                    var connection = table[number];
                    if (connection->Destination >= 0)
                    {
                        var (isActive, inactive, persistent) = active.GetValueOrDefault(connection->Destination);
                        active[connection->Destination] = (connection->Flags & ConnectionFlags.Inactive) == 0 ? (isActive + 1, inactive, persistent) : (isActive, inactive + 1, persistent);
                    }

                    if (connection->Template != 0)
                        controlled[(isIPv6, connection->Template)] = controlled.GetValueOrDefault((isIPv6, connection->Template)) + 1;
                }

                if (count != table.Count)
                    throw new FindingException($"A table says {table.Count} connections and has {count}.");
            }

            var templates = _templates.Table(isIPv6);
            for (uint number = 1; number < templates.NumberLimit; number++)
            {
                if (!templates.IsUsed(number))
                    continue;
                var template = templates[number];
                var (isActive, inactive, persistent) = active.GetValueOrDefault(template->Destination);
                active[template->Destination] = (isActive, inactive, persistent + 1);
                if (template->Template != controlled.GetValueOrDefault((isIPv6, number)))
                    throw new FindingException($"A template counts {template->Template} connections and has {controlled.GetValueOrDefault((isIPv6, number))}.");
                controlled.Remove((isIPv6, number));
            }
        }

        if (controlled.Count > 0)
            throw new FindingException("A connection names a template that is gone.");
        for (var index = 0; index < _services.Destinations.Used; index++)
        {
            if (_services.Destinations.Find(index) is not { } destination)
                continue;
            var (isActive, inactive, persistent) = active.GetValueOrDefault(index);
            if (destination.ActiveConnections != isActive || destination.InactiveConnections != inactive || destination.PersistentConnections != persistent)
            {
                throw new FindingException(
                    $"{destination.Address} counts {destination.ActiveConnections} active, {destination.InactiveConnections} inactive, {destination.PersistentConnections} persistent; the tables have {isActive}, {inactive}, {persistent}.");
            }
        }
    }

    private void Judge(ReadOnlySpan<Frame> frames, ILink link)
    {
        foreach (ref readonly var frame in frames)
        {
            var bytes = new ReadOnlySpan<byte>(frame.Data, frame.Length);
            _framesOut++;
            _bytesOut += frame.Length;
            var fault = PacketWitness.Judge(bytes, frame, link, _isJudged, _isOurs);
            if (fault != Fault.None && _fault == Fault.None)
            {
                _fault = fault;
                _faultyFrame = frame;
                _faultyLength = Math.Min(bytes.Length, _faultyRoom.Length);
                bytes[.._faultyLength].CopyTo(_faultyRoom);
            }

            if (bytes.Length >= 24)
            {
                var at = link.Kind == LinkKind.Ethernet ? 14 : 0;
                var protocol = bytes[at] >> 4 == 6 ? bytes[at + 6] : bytes[at + 9];
                _outSignature |= 1UL << (((frame.Link * 21) + (protocol * 7) + ((int)frame.Flags * 3) + (bytes[at] >> 4)) & 63);
            }

            if (bytes.Length > 2048)
                continue;
            var recent = _recent[_recentCount++ % RecentFrames];
            bytes.CopyTo(recent.Bytes);
            recent.Length = bytes.Length;
            recent.Link = (byte)frame.Link;
        }
    }

    private static ulong Mix(ulong hash, ulong value)
    {
        hash = (hash ^ value) * 0x9E37_79B9_7F4A_7C15;
        return hash ^ (hash >> 29);
    }

    public void Dispose()
    {
        foreach (var forwarder in _forwarders)
            forwarder.Dispose();
        foreach (var ring in _rings)
            ring.Dispose();
        foreach (var counters in _counters)
            counters.Dispose();
        _batch.Dispose();
        _templates.Dispose();
        _traffic.Dispose();
        _memory.Dispose();
    }

    private sealed class Rings(DirectorUnderAttack director, int self) : IHandOver
    {
        public int Workers => DirectorUnderAttack.Workers;

        public int Self => self;

        public bool TryGive(int worker, in Frame frame, ushort sourcePort, ushort destinationPort) => director._rings[self, worker].TryWrite(frame, sourcePort, destinationPort);
    }

    /// <summary>A link whose frames out are judged.</summary>
    private sealed class JudgedLink(DirectorUnderAttack director, string name, int number, ulong mac, int mtu) : ILink
    {
        public string Name => name;

        public int InterfaceIndex => number + 1;

        public LinkKind Kind => mac == 0 ? LinkKind.Ip : LinkKind.Ethernet;

        public ulong Mac => mac;

        public int Mtu => mtu;

        public int Descriptor => -1;

        public LinkCounters Counters { get; } = new();

        public int Receive(FrameBatch batch) => 0;

        public int Send(ReadOnlySpan<Frame> frames)
        {
            director.Judge(frames, this);
            return frames.Length;
        }

        public void Dispose()
        {
        }
    }
}
