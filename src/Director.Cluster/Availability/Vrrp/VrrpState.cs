namespace Director.Cluster.Availability.Vrrp;

/// <summary>A group's state (RFC 5798 6.4). Its virtual routers have it together.</summary>
public enum VrrpState
{
    /// <summary>It cannot be held here: an interface is down, or something tracked has failed.</summary>
    Initialize,

    /// <summary>Another router is master, or it is not clear yet who is.</summary>
    Backup,

    /// <summary>This director answers for the addresses.</summary>
    Master,
}

/// <summary>What a group's machine goes by beside time and advertisements.</summary>
/// <param name="Obstacle">Why the group cannot be held here; null when it can.</param>
/// <param name="Priority">What is configured, changed by what it follows: 1 to 255.</param>
/// <param name="MayPreempt">Whether a living master may be replaced: this director has its connections, as far as it knows.</param>
internal readonly record struct VrrpFacts(string? Obstacle, int Priority, bool MayPreempt);

/// <summary>Carries out what a machine decides, at once.</summary>
internal interface IVrrpActions
{
    /// <summary>Sends an advertisement of a router of the group.</summary>
    void Send(int router, int priority);

    /// <summary>What the director does for the group is another thing now.</summary>
    void Changed(VrrpState before, VrrpState now, string reason);

    /// <summary>The addresses are to be announced again.</summary>
    void Announce(int times);

    /// <summary>Packets that still come are no longer forwarded.</summary>
    void Released();
}
