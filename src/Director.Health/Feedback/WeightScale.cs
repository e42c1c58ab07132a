namespace Director.Health.Feedback;

/// <summary>
/// Weights are whole numbers, and a percentage of weight 1 would be 0 or 1: where a service has feedback, the weights of all its real servers are multiplied by one number first. Schedulers look at
/// proportions only.
/// </summary>
public static class WeightScale
{
    private const int Fine = 100;
    private const int Most = 65_535;

    /// <summary>What the weights of a service are multiplied by.</summary>
    /// <param name="weights">Configured weights of all its real servers, each 0 to 65535.</param>
    /// <returns>1 to 100; the largest weight times it is at most 65535.</returns>
    public static int Of(IEnumerable<int> weights) => Math.Max(1, Fine / Math.Max(1, weights.DefaultIfEmpty(1).Max()));

    /// <summary>A weight in force. It is 0 only where the configured one is or the percentage is.</summary>
    /// <param name="weight">The configured weight, 0 to 65535.</param>
    /// <param name="percent">0 to 100.</param>
    /// <param name="scale">As <see cref="Of"/> says.</param>
    public static int Weight(int weight, int percent, int scale) =>
        weight <= 0 || percent <= 0 ? 0 : Math.Clamp((int)(((long)weight * scale * Math.Min(percent, Fine)) / Fine), 1, Most);
}
