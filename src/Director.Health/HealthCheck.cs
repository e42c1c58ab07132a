namespace Director.Health;

/// <summary>
/// A question to a real server, with everything that decides the answer. Two that are equal are one probe, however many services ask it; so every property must compare by value.
/// </summary>
/// <param name="Target">Where it asks.</param>
public abstract record HealthCheck(CheckTarget Target)
{
    /// <summary>Its name in the configuration: <c>connect</c>, <c>http</c> ...</summary>
    public abstract string Type { get; }

    /// <summary>
    /// Asks once. It gives up when <paramref name="cancellation"/> says so, closes what it opened, and may throw: who asks turns that into an answer.
    /// </summary>
    /// <param name="cancellation">Cancelled when the check's timeout has passed or nobody wants the answer any more.</param>
    public abstract Task<CheckAnswer> Ask(CancellationToken cancellation);
}
