using System.Collections.Immutable;
using System.Text.Json;

namespace Director.Cluster.Feedback;

/// <summary>What came in and what was not taken, by why. Members may be called from any thread.</summary>
internal sealed class FeedbackCounters
{
    private readonly long[] _faults = new long[Enum.GetValues<FeedbackFault>().Length];
    private long _reports;
    private long _answers;

    public void Count(FeedbackFault fault) => Interlocked.Increment(ref _faults[(int)fault]);

    /// <summary>An agent's report was taken.</summary>
    public void CountReport() => Interlocked.Increment(ref _reports);

    /// <summary>An agent that was asked has answered.</summary>
    public void CountAnswer() => Interlocked.Increment(ref _answers);

    public long Of(FeedbackFault fault) => Interlocked.Read(ref _faults[(int)fault]);

    /// <summary>All, by name.</summary>
    public ImmutableSortedDictionary<string, ulong> Names() => Enum.GetValues<FeedbackFault>()
        .Select(fault => ($"drop-{JsonNamingPolicy.KebabCaseLower.ConvertName(fault.ToString())}", Of(fault)))
        .Append(("agent-reports", Interlocked.Read(ref _reports)))
        .Append(("agent-check-answers", Interlocked.Read(ref _answers)))
        .ToImmutableSortedDictionary(counter => counter.Item1, counter => (ulong)counter.Item2, StringComparer.Ordinal);
}
