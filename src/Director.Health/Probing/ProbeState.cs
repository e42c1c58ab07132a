namespace Director.Health.Probing;

/// <summary>What is known of a real server by one check.</summary>
public enum Verdict
{
    /// <summary>Nothing yet, or the check itself is broken.</summary>
    Unknown,

    /// <summary>It answers as it should.</summary>
    Up,

    /// <summary>It does not.</summary>
    Down,
}

/// <summary>What the answers so far come to. The first answer decides alone; later it takes as many in a row as the check's rise or fall says.</summary>
/// <param name="Verdict">The verdict.</param>
/// <param name="Against">Answers in a row that speak against it.</param>
/// <param name="Detail">What the last answer said.</param>
/// <param name="Percent">Share of the weight that the last good answer asked for; null is none.</param>
public readonly record struct ProbeState(Verdict Verdict, int Against, string Detail, int? Percent)
{
    /// <summary>Before the first answer.</summary>
    public static ProbeState Start { get; } = new(Verdict.Unknown, 0, "not checked yet", null);

    /// <summary>Before the first answer of one who takes a check over: what the one before him knew stays until answers speak against it.</summary>
    public static ProbeState Inherited(Verdict verdict, string detail, int? percent) => new(verdict, 0, detail, percent);

    /// <summary>Takes an answer in.</summary>
    /// <param name="answer">The answer.</param>
    /// <param name="rise">Good answers in a row after which one that is down is up: from 1.</param>
    /// <param name="fall">Bad answers in a row after which one that is up is down: from 1.</param>
    public ProbeState After(CheckAnswer answer, int rise, int fall)
    {
        if (answer.IsBroken)
        {
            // Nobody's fault but the check's: as many in a row as a failure needs, and then nothing is known. One that was down stays so: a check that breaks on it must not bring it clients.
            return Verdict == Verdict.Down ? this with { Against = 0, Detail = answer.Detail }
                : Verdict == Verdict.Unknown || Against + 1 >= fall
                ? new(Verdict.Unknown, 0, answer.Detail, null)
                : this with { Against = Against + 1, Detail = answer.Detail };
        }

        var says = answer.Passed ? Verdict.Up : Verdict.Down;
        var percent = answer.Passed ? answer.Percent : Percent;
        if (says == Verdict)
        {
            return new(Verdict, 0, answer.Detail, percent);
        }

        var needed = Verdict == Verdict.Unknown ? 1 : answer.Passed ? rise : fall;
        return Against + 1 >= needed
            ? new(says, 0, answer.Detail, answer.Percent)
            : this with { Against = Against + 1, Detail = answer.Detail };
    }
}
