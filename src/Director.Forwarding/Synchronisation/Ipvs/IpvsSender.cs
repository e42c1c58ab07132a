using System.Runtime.CompilerServices;
using Director.Forwarding.Connections;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>Notes what a worker has to tell a kernel: what <c>ip_vs_sync_conn()</c> of <c>ip_vs_sync.c</c> would tell after the same packet. Never a one-packet connection, never one of our own kinds.</summary>
internal sealed unsafe class IpvsSender : IDisposable
{
    private readonly DestinationRegistry _destinations;
    private readonly PersistenceTemplates _templates;
    private volatile IpvsRule? _rule;
    private long _lost;
    private long _mixed;

    /// <param name="destinations">The real servers by number.</param>
    /// <param name="templates">The persistence templates.</param>
    /// <param name="ring">Where entries wait for the thread that sends them.</param>
    public IpvsSender(DestinationRegistry destinations, PersistenceTemplates templates, IpvsRing? ring = null)
    {
        _destinations = destinations;
        _templates = templates;
        Ring = ring ?? new IpvsRing();
    }

    /// <summary>What waits to be sent.</summary>
    public IpvsRing Ring { get; }

    /// <summary>When anything is told; null: nothing is. Any thread may set it.</summary>
    public IpvsRule? Rule
    {
        get => _rule;
        set => _rule = value;
    }

    /// <summary>Entries that found no room in the ring.</summary>
    public long Lost => Volatile.Read(ref _lost);

    /// <summary>Connections over a tunnel whose end is of the other family, which the format has no place for.</summary>
    public long Mixed => Volatile.Read(ref _mixed);

    /// <summary>A packet of its client has changed a connection.</summary>
    /// <param name="connection">The connection after the packet.</param>
    /// <param name="isIPv6">Its family.</param>
    /// <param name="now">Hundredths of a second since the engine's start.</param>
    /// <param name="lifetime">How long it lives now without a packet, in hundredths of a second.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Follow(Connection* connection, bool isIPv6, uint now, uint lifetime)
    {
        if (_rule is { } rule)
            Follow(rule, connection, isIPv6, now, lifetime);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Follow(IpvsRule rule, Connection* connection, bool isIPv6, uint now, uint lifetime)
    {
        // Source NAT, what passes by the director, the way back of one-packet scheduling.
        if (connection->Destination < 0)
            return;
        var isTold = rule.IsDue(ref connection->ToldToKernel, connection->Protocol, connection->State, connection->Template != 0, connection->Packets, now, lifetime);
        if (isTold)
            Tell(connection, isIPv6, lifetime);
        if (connection->Template != 0 && rule.LooksAtTemplate(isTold))
            FollowTemplate(rule, connection->Template, isIPv6, now);
    }

    /// <summary>A packet went to the real server of a template and left no connection behind (one-packet scheduling).</summary>
    /// <param name="template">The template; it controls something.</param>
    /// <param name="isIPv6">Its family.</param>
    /// <param name="now">Hundredths of a second since the engine's start.</param>
    public void FollowOnePacket(uint template, bool isIPv6, uint now)
    {
        if (_rule is { Version: 1 } rule)
            FollowTemplate(rule, template, isIPv6, now);
    }

    // It stays where it is, since it controls a connection of this worker. Another worker may change its real server meanwhile: then it is told of again with the next packet.
    private void FollowTemplate(IpvsRule rule, uint number, bool isIPv6, uint now)
    {
        var template = _templates.Table(isIPv6)[number];
        var packets = Interlocked.Increment(ref template->Packets);
        var lifetime = (uint)(_destinations.Find(template->Destination)?.Service.Persistence?.TimeoutSeconds ?? 0) * 100;
        if (rule.IsTemplateDue(ref template->ToldToKernel, packets, now, lifetime))
            Tell(template, isIPv6, lifetime);
    }

    private void Tell(Connection* connection, bool isIPv6, uint lifetime)
    {
        var destination = _destinations.Find(connection->Destination);
        if (destination is null)
            return;
        if (destination.Address.IsIPv6 != isIPv6)
            _mixed++;
        else if (!Ring.TryWrite(Describe(connection, isIPv6, lifetime, destination)))
            _lost++;
    }

    /// <summary>A connection or template in the kernel's terms.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="isIPv6">Its family.</param>
    /// <param name="lifetime">How long it lives without a packet, in hundredths of a second.</param>
    /// <param name="destination">Its real server.</param>
    public static IpvsEntry Describe(Connection* connection, bool isIPv6, uint lifetime, Destination destination)
    {
        var isTemplate = (connection->Flags & ConnectionFlags.Template) != 0;
        var service = destination.Service;
        var entry = new IpvsEntry
        {
            Protocol = connection->Protocol,
            ClientPort = connection->ClientPort,
            VirtualPort = connection->VirtualPort,
            RealPort = connection->RealPort,
            Mark = service.Mark,
            Timeout = lifetime / 100,
            Client = Connection.Client(connection, isIPv6),
            Virtual = Connection.Virtual(connection, isIPv6),
            Real = destination.Address,
        };
        if (!isTemplate)
        {
            entry.State = connection->Protocol == Wire.Tcp ? (ushort)connection->State : (ushort)0;
            entry.Flags = MethodOf(destination.Method, (connection->Flags & ConnectionFlags.Rewritten) != 0)
                | ((connection->Flags & ConnectionFlags.InputOnly) != 0 ? IpvsFlags.NoOutput : 0)
                | ((connection->Flags & ConnectionFlags.Inactive) != 0 ? IpvsFlags.Inactive : 0);
            return entry;
        }

        // One for all ports names no port of the real server (ip_vs_sched_persist()).
        if (service.Mark != 0 || service.Key.Port == 0)
            entry.RealPort = 0;
        entry.State = (connection->Flags & ConnectionFlags.Assured) != 0 ? (ushort)1 : (ushort)0;
        entry.Flags = IpvsFlags.Template | IpvsFlags.Inactive | MethodOf(destination.Method, destination.Method is ForwardingMethod.Nat or ForwardingMethod.Local)
            | (destination.Method == ForwardingMethod.Nat ? 0 : IpvsFlags.NoOutput);
        return entry;
    }

    private static IpvsFlags MethodOf(ForwardingMethod method, bool isRewritten) => method switch
    {
        ForwardingMethod.Local => IpvsFlags.Local,
        _ when isRewritten => IpvsFlags.Nat,
        ForwardingMethod.Tunnel => IpvsFlags.Tunnel,
        _ => IpvsFlags.Direct,
    };

    /// <inheritdoc/>
    public void Dispose() => Ring.Dispose();
}
