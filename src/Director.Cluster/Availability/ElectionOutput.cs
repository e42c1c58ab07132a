namespace Director.Cluster.Availability;

/// <summary>What an election decides.</summary>
/// <param name="Group">For which group.</param>
/// <param name="Reason">Why, for the operator.</param>
internal abstract record ElectionOutput(string Group, string Reason)
{
    /// <summary>Answer for the group, announce it, and forward.</summary>
    internal sealed record Take(string Group, string Reason) : ElectionOutput(Group, Reason);

    /// <summary>Forward without answering: the successor is to take it.</summary>
    internal sealed record HandOver(string Group, string Successor, string Reason) : ElectionOutput(Group, Reason);

    /// <summary>Forward without answering for a moment: another director has it.</summary>
    internal sealed record Leave(string Group, string Reason) : ElectionOutput(Group, Reason);

    /// <summary>Stop forwarding.</summary>
    internal sealed record Release(string Group, string Reason) : ElectionOutput(Group, Reason);

    /// <summary>Still held: announce the addresses again.</summary>
    internal sealed record AnnounceAgain(string Group, string Reason) : ElectionOutput(Group, Reason);

    /// <summary>Somebody should look.</summary>
    internal sealed record Alert(string Group, string Reason) : ElectionOutput(Group, Reason);
}
