using Director.Lab.Load;
using Director.Lab.Witness;

namespace Director.Lab.Demonstration;

/// <summary>How a lab ended.</summary>
/// <param name="Options">What was shown.</param>
/// <param name="Figures">What the clients saw.</param>
/// <param name="Expected">The shares that the scheduler promises.</param>
/// <param name="Failover">What the loss of a director cost; null where there was only one, or none was killed.</param>
public sealed record LabResult(LabOptions Options, LoadFigures Figures, ExpectedShares Expected, FailoverFigures? Failover = null)
{
    /// <summary>Whether every request was answered and, where a director was killed, nothing broke by it.</summary>
    public bool IsGood => Figures is { Failed: 0, Answered: > 0 } && Failover?.Seen is null or { Broken: 0, Refused: 0 };
}

/// <summary>The loss of a director.</summary>
/// <param name="Killed">Its name.</param>
/// <param name="Seen">What a witness saw, with the longest times since just before.</param>
/// <param name="Streams">Streams that the witness held.</param>
public sealed record FailoverFigures(string Killed, WitnessFigures Seen, int Streams);
