namespace Director.Lab.Demonstration;

/// <summary>The shares of the connections that a scheduler gives to real servers that are all alive and equally fast.</summary>
/// <param name="Shares">A part, 0 to 1, for each real server; null where they depend on the clients or on chance.</param>
/// <param name="Words">What decides them.</param>
public sealed record ExpectedShares(IReadOnlyList<double>? Shares, string Words)
{
    /// <summary>For many clients of one virtual service.</summary>
    public static ExpectedShares Of(string scheduler, IReadOnlyList<int> weights) => scheduler switch
    {
        "rr" or "lc" => new([.. weights.Select(weight => weight > 0 ? 1.0 / weights.Count(other => other > 0) : 0)], "equal, whatever the weights"),
        "wrr" => new(ByWeight(weights), "by weight"),
        "wlc" => new(ByWeight(weights), "about by weight: fewer to those with more connections open"),
        "fo" => new([.. weights.Select((_, number) => number == IndexOfHighest(weights) ? 1.0 : 0)], "all to the highest weight"),
        "ovf" => new(null, "the highest weight until it has more connections than its weight, then the next"),
        "sed" or "nq" => new(null, "by weight when busy; the highest weights when idle"),
        "dh" or "lblc" or "lblcr" => new(null, "by the virtual address: one address, one real server until it is overloaded"),
        "sh" or "mh" => new(null, "by the client's address: a client stays on one real server"),
        "twos" => new(null, "by chance and load: the less loaded of two drawn by weight"),
        _ => new(null, "by its own rule"),
    };

    private static IReadOnlyList<double> ByWeight(IReadOnlyList<int> weights) => [.. weights.Select(weight => (double)weight / weights.Sum())];

    private static int IndexOfHighest(IReadOnlyList<int> weights) => Enumerable.Range(0, weights.Count).MaxBy(number => weights[number]);
}
