namespace Director.Cluster.Availability;

/// <summary>What a director does for a group of addresses. The values are what heartbeats carry.</summary>
public enum GroupRole : byte
{
    /// <summary>Nothing: another director has it, or none.</summary>
    Waits = 0,

    /// <summary>Answers for the addresses and forwards.</summary>
    Holds = 1,

    /// <summary>Forwards without answering until the director that it names has taken the group.</summary>
    HandsOver = 2,

    /// <summary>Forwards without answering for a moment longer: another director has the group, and packets are still on their way to this one.</summary>
    Leaves = 3,
}

/// <summary>What a director does for a group.</summary>
/// <param name="Role">What it does.</param>
/// <param name="Successor">The director that it hands over or has left the group to; null otherwise, and when this director does not hear that one.</param>
public readonly record struct GroupState(GroupRole Role, string? Successor = null);
