using System.Collections.Immutable;
using System.Net;
using Director.Health.Feedback.Protocol;

namespace Director.Cluster.Feedback;

/// <summary>Takes what agents say that have shown that they have the key. Members may be called from any thread.</summary>
internal interface IAgentSessions
{
    /// <summary>For each service why it is refused; empty: it is not.</summary>
    ImmutableArray<string> Register(long session, IPAddress from, Registration registration);

    /// <summary>False where it is not about what the connection has registered.</summary>
    bool Report(long session, Report report);

    /// <summary>The agent takes its leave.</summary>
    void Leave(long session);

    /// <summary>Its connection has ended.</summary>
    void Lost(long session);
}
