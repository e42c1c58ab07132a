using System.Collections.Immutable;
using System.Net;
using Director.Health.Feedback;

namespace Director.Cluster.Feedback;

/// <summary>
/// What real servers ask for, for who computes the table in force: it multiplies configured weights by <see cref="FeedbackVerdict.Percent"/> (<see cref="WeightScale"/>) and takes
/// <see cref="FeedbackVerdict.State"/> as maintenance or failure. Members may be called from any thread.
/// </summary>
public interface IWeightFeedback
{
    /// <summary>Only real servers whose feedback says something other than the configured weight.</summary>
    ImmutableDictionary<FedServer, FeedbackVerdict> Percentages { get; }

    /// <summary><see cref="Percentages"/> is another one. Raised on a thread of the pool, one call after the other.</summary>
    event Action? Changed;
}

/// <summary>A real server of a virtual service.</summary>
/// <param name="Service">The service's name in the configuration.</param>
/// <param name="Address">The real server's address.</param>
/// <param name="Port">Its port.</param>
public readonly record struct FedServer(string Service, IPAddress Address, ushort Port)
{
    /// <inheritdoc/>
    public override string ToString() => $"{new IPEndPoint(Address, Port)} of {Service}";
}
