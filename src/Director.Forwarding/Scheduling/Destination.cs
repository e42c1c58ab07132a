using System.Runtime.InteropServices;
using Director.Forwarding.Packets;
using Director.Forwarding.Statistics;

namespace Director.Forwarding.Scheduling;

/// <summary>
/// A real server of a virtual service, as it is. Workers read and count on it without a lock; what it should be changes under the service's lock.
/// </summary>
/// <remarks>
/// Active and inactive connections, the overload flag and the removal share one word, so that they change together: two workers that bind and unbind at the
/// same moment can neither leave a server overloaded that nobody uses nor bind a connection to a server whose <see cref="Index"/> is about to be given away.
/// </remarks>
internal sealed class Destination
{
    private const int InactiveShift = 31;
    private const ulong CountMask = (1UL << InactiveShift) - 1;
    private const ulong OneActive = 1;
    private const ulong OneInactive = 1UL << InactiveShift;
    private const ulong Overloaded = 1UL << 62;
    private const ulong Removed = 1UL << 63;

    private readonly InetAddress _address;
    private Counts _counts;
    private volatile bool _isRemoved;
    private volatile bool _isSteady;
    private volatile int _weight;
    private volatile int _upperThreshold;
    private volatile int _lowerThreshold;
    private volatile RealServerSpec _spec;
    private volatile Destination? _successor;

    /// <summary>A real server without connections.</summary>
    public Destination(int index, VirtualService service, RealServerSpec spec, ForwardingMethod method)
    {
        Index = index;
        Service = service;
        _address = InetAddress.From(spec.Address);
        Port = spec.Port;
        _spec = spec;
        Set(spec, method);
    }

    /// <summary>Its number in <see cref="DestinationRegistry"/>; not reused while a connection or template refers to it.</summary>
    public int Index { get; }

    /// <summary>The virtual service that it serves.</summary>
    public VirtualService Service { get; }

    /// <summary>Its address.</summary>
    public ref readonly InetAddress Address => ref _address;

    /// <summary>Its port; 0 keeps the port that the client asked for.</summary>
    public ushort Port { get; }

    /// <summary>What is done for a new connection: <see cref="ForwardingMethod.Local"/> where the address is this host's, else as configured.</summary>
    public ForwardingMethod Method { get; private set; }

    /// <summary>Encapsulation for <see cref="ForwardingMethod.Tunnel"/>.</summary>
    public TunnelOptions Tunnel => _spec.Tunnel;

    /// <summary>As it should be.</summary>
    public RealServerSpec Spec => _spec;

    /// <summary>Capacity relative to the others; 0 takes no new connection.</summary>
    public int Weight => _weight;

    /// <summary>
    /// The last weight other than 0, or 0 when it never had one: what Maglev hashing counts, so that a real server that is drained does not move the others'
    /// clients.
    /// </summary>
    public int LastWeight { get; private set; }

    /// <summary>Established TCP connections.</summary>
    public int ActiveConnections => (int)(Volatile.Read(ref _counts.State) & CountMask);

    /// <summary>All other connections.</summary>
    public int InactiveConnections => (int)((Volatile.Read(ref _counts.State) >> InactiveShift) & CountMask);

    /// <summary>Persistence templates.</summary>
    public int PersistentConnections => Volatile.Read(ref _counts.Persistent);

    /// <summary>Whether the upper threshold was reached and the lower one not yet left (<c>IP_VS_DEST_F_OVERLOAD</c>).</summary>
    public bool IsOverloaded => (Volatile.Read(ref _counts.State) & Overloaded) != 0;

    /// <summary>False once it was removed from its service; for good.</summary>
    public bool IsAvailable => !_isRemoved;

    /// <summary>Whether its connections simply go on: it is there, and <see cref="ConnectionFate.Kept"/>.</summary>
    public bool IsSteady => _isSteady;

    /// <summary>What becomes of its connections while it is there.</summary>
    public ConnectionFate Fate => _spec.Fate;

    /// <summary>Its traffic as <see cref="ServiceTable"/> reads it; workers do not touch it.</summary>
    public TrafficAccount Account { get; set; } = new(default);

    /// <summary>Whether a scheduler may give it a new connection.</summary>
    public bool CanTakeMore => _weight > 0 && !IsOverloaded;

    /// <summary>The real server of the same service key, address and port that was added last, if one was since this one was removed.</summary>
    public Destination? Successor
    {
        get => _successor;
        set => _successor = value;
    }

    /// <summary>This real server or, when it was removed, the one that is in its place now; null when there is none.</summary>
    public Destination? Current() => IsAvailable ? this : _successor is { IsAvailable: true } successor ? successor : null;

    /// <summary>Counts a new connection as inactive. False, and nothing is counted, when the real server was removed.</summary>
    public bool TryBind()
    {
        while (true)
        {
            ulong before = Volatile.Read(ref _counts.State);
            if ((before & Removed) != 0)
            {
                return false;
            }

            // ip_vs_bind_dest(): the connection that reaches the threshold is the last one.
            ulong after = before + OneInactive;
            int upper = _upperThreshold;
            if (upper != 0 && Total(after) >= upper)
            {
                after |= Overloaded;
            }

            if (Interlocked.CompareExchange(ref _counts.State, after, before) == before)
            {
                return true;
            }
        }
    }

    /// <summary>Forgets a connection, which was active or inactive.</summary>
    public void Unbind(bool active)
    {
        while (true)
        {
            ulong before = Volatile.Read(ref _counts.State);
            ulong after = before - (active ? OneActive : OneInactive);
            if (HasRecovered(Total(after)))
            {
                after &= ~Overloaded;
            }

            if (Interlocked.CompareExchange(ref _counts.State, after, before) == before)
            {
                return;
            }
        }
    }

    /// <summary>A connection became established.</summary>
    public void Activate() => Interlocked.Add(ref _counts.State, unchecked(OneActive - OneInactive));

    /// <summary>A connection is no longer established.</summary>
    public void Deactivate() => Interlocked.Add(ref _counts.State, OneInactive - OneActive);

    /// <summary>Counts a new persistence template. False, and nothing is counted, when the real server was removed.</summary>
    public bool TryBindTemplate()
    {
        Interlocked.Increment(ref _counts.Persistent);
        if ((Volatile.Read(ref _counts.State) & Removed) == 0)
        {
            return true;
        }

        Interlocked.Decrement(ref _counts.Persistent);
        return false;
    }

    /// <summary>Forgets a persistence template.</summary>
    public void UnbindTemplate() => Interlocked.Decrement(ref _counts.Persistent);

    /// <summary>Whether nothing refers to it any more: removed, without connections and templates. Stays so once it is.</summary>
    public bool IsUnreferenced => (Volatile.Read(ref _counts.State) & ~Overloaded) == Removed && PersistentConnections == 0;

    /// <summary>Takes another specification of the same address and port. The service's lock is held.</summary>
    public void Update(RealServerSpec spec, ForwardingMethod method)
    {
        // __ip_vs_update_dest(): a higher threshold, or none, ends the overload at once; a lower one acts at the next connection.
        if (spec.UpperThreshold == 0 || spec.UpperThreshold > _upperThreshold)
        {
            Interlocked.And(ref _counts.State, ~Overloaded);
        }

        Set(spec, method);
    }

    /// <summary>Takes no connection any more. The service's lock is held.</summary>
    public void Remove()
    {
        Interlocked.Or(ref _counts.State, Removed);
        _isRemoved = true;
        _isSteady = false;
    }

    private void Set(RealServerSpec spec, ForwardingMethod method)
    {
        _spec = spec;
        _upperThreshold = spec.UpperThreshold;
        _lowerThreshold = spec.LowerThreshold;
        _weight = spec.Weight;
        LastWeight = spec.Weight != 0 ? spec.Weight : LastWeight;
        _isSteady = !_isRemoved && spec.Fate == ConnectionFate.Kept;
        Method = method;
    }

    private bool HasRecovered(long total) => _lowerThreshold != 0
        ? total < _lowerThreshold
        : _upperThreshold == 0 || total * 4 < _upperThreshold * 3L;

    private static long Total(ulong state) => (long)((state & CountMask) + ((state >> InactiveShift) & CountMask));

    /// <summary>
    /// What workers write when connections come and go, on cache lines of its own: every packet of every worker reads the rest of a real server.
    /// </summary>
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    internal struct Counts
    {
        [FieldOffset(64)]
        public ulong State;

        [FieldOffset(72)]
        public int Persistent;
    }
}
