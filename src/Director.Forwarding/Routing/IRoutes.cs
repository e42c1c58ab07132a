using Director.Forwarding.Packets;

namespace Director.Forwarding.Routing;

/// <summary>A host on one of our links, as the kernel's neighbour table has it. One object for each host for as long as it is in use; the MAC changes in place.</summary>
internal sealed class Neighbour(int interfaceIndex, InetAddress address)
{
    private ulong _mac;
    private bool _used;
    private int _wanted;

    /// <summary>The kernel's index of the interface that it is on.</summary>
    public int InterfaceIndex { get; } = interfaceIndex;

    /// <summary>Its address.</summary>
    public InetAddress Address { get; } = address;

    /// <summary>Its MAC address as in <see cref="Links.ILink.Mac"/>; 0 while it is not known.</summary>
    public ulong Mac
    {
        get => Volatile.Read(ref _mac);
        set => Volatile.Write(ref _mac, value);
    }

    /// <summary>Set by workers that send to it, read and cleared by the owner of the table, which keeps the kernel's entry fresh while it is set.</summary>
    public bool Used
    {
        get => Volatile.Read(ref _used);
        set
        {
            // Read first: the line stays shared between the workers' cores.
            if (Volatile.Read(ref _used) != value)
                Volatile.Write(ref _used, value);
        }
    }

    /// <summary>What the kernel last said of it. The owner of the table alone reads and writes it.</summary>
    internal NeighbourStates State { get; set; }

    /// <summary>When it was last found in use, in milliseconds of the owner's clock. The owner alone reads and writes it.</summary>
    internal long LastUsed { get; set; }

    /// <summary>Marks it as asked for.</summary>
    /// <returns>True for the first to ask since <see cref="Asked"/>.</returns>
    internal bool Want() => Volatile.Read(ref _wanted) == 0 && Interlocked.Exchange(ref _wanted, 1) == 0;

    /// <summary>Lets it be asked for again.</summary>
    internal void Asked() => Volatile.Write(ref _wanted, 0);
}

/// <summary>What becomes of a packet to a destination.</summary>
internal enum RouteKind : byte
{
    /// <summary>There is no way to it.</summary>
    Unreachable,

    /// <summary>It goes out of an interface to <see cref="Route.Neighbour"/>.</summary>
    Unicast,

    /// <summary>The destination is an address of this host.</summary>
    Local,
}

/// <summary>The way to a destination.</summary>
/// <param name="Kind">What becomes of the packet.</param>
/// <param name="Neighbour">The next hop; null unless <see cref="RouteKind.Unicast"/>. On an interface without neighbours (point to point) its MAC is all ones and meaningless.</param>
/// <param name="Mtu">Largest IP packet on this way, in bytes.</param>
/// <param name="Source">The address that the kernel would send from: the outer source of a tunnel.</param>
internal readonly record struct Route(RouteKind Kind, Neighbour? Neighbour, int Mtu, InetAddress Source);

/// <summary>The kernel's routes and neighbours, followed. Safe for any thread; look-ups take no lock and make no system call.</summary>
internal interface IRoutes
{
    /// <summary>
    /// Changes after an earlier answer of <see cref="Find"/> may no longer be right: who keeps an answer reads this first, then asks, and asks again when it has changed. MAC addresses change without it.
    /// </summary>
    int Generation { get; }

    /// <summary>The way to a destination. Allocates only when a neighbour is met for the first time.</summary>
    Route Find(in InetAddress destination);

    /// <summary>Asks the kernel to find a neighbour's MAC (NTF_USE). Returns at once, may be repeated; <see cref="Neighbour.Mac"/> is set when the answer is there.</summary>
    void Resolve(Neighbour neighbour);
}
