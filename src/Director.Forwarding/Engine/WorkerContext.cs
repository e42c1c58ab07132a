using Director.Forwarding.Kernel;
using Director.Forwarding.Packets;
using Director.Forwarding.Partitioning;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Engine;

/// <summary>What holds during a batch: the time, the view in force, and whether the right to forward still runs.</summary>
internal sealed class WorkerContext
{
    /// <param name="view">The view at the start.</param>
    public WorkerContext(WorkerView view) => Take(view);

    /// <summary>Milliseconds since the engine's start.</summary>
    public long Now { get; set; }

    /// <summary>The virtual services.</summary>
    public ServiceLookup Lookup { get; private set; } = null!;

    /// <summary>What the kernel does not get.</summary>
    public HiddenPackets Hidden { get; private set; } = null!;

    /// <summary>What this director answers for and forwards.</summary>
    public HeldAddresses Held { get; private set; } = null!;

    /// <summary>Whether the right to forward still runs.</summary>
    public bool IsLent { get; set; } = true;

    /// <summary>Whether this director forwards everything, now and without asking.</summary>
    public bool IsUnrestricted => IsLent && Held.ForwardsAll;

    /// <summary>The group of an address that questions on a link are answered for now; null when they are not.</summary>
    public GroupHolding? Answering(in InetAddress address, int link) => IsLent ? Held.Answering(address, link) : null;

    /// <summary>Takes up another view.</summary>
    public void Take(WorkerView view)
    {
        Lookup = view.Lookup;
        Hidden = view.Hidden;
        Held = view.Held;
    }
}
