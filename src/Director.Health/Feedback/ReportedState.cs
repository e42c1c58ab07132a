namespace Director.Health.Feedback;

/// <summary>What an agent's words say of its real server.</summary>
public enum ReportedState
{
    /// <summary>It takes connections.</summary>
    Ready,

    /// <summary>It takes no new ones, but for those of persistent clients.</summary>
    Drain,

    /// <summary>It takes none at all.</summary>
    Maintenance,

    /// <summary>It is out of order.</summary>
    Down,
}
