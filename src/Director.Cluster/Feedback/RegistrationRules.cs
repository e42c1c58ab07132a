using System.Collections.Immutable;
using System.Net;
using Director.Configuration;

namespace Director.Cluster.Feedback;

/// <summary>Who may speak for which real server.</summary>
/// <param name="Allow">Networks of real servers that agents of other addresses may speak for.</param>
/// <param name="Services">Services that agents may speak for; empty is all.</param>
/// <param name="Join">Whether agents may add real servers.</param>
internal sealed record RegistrationRules(ImmutableArray<IPNetwork> Allow, ImmutableArray<string> Services, bool Join)
{
    public static RegistrationRules Of(FeedbackConfiguration feedback) => new(feedback.Allow, feedback.Services, feedback.Join);

    /// <summary>Why an agent may not speak for a real server; empty: it may.</summary>
    /// <param name="from">The agent's address, as the director sees it.</param>
    /// <param name="server">The real server.</param>
    public string Refusal(IPAddress from, FedServer server) =>
        !Services.IsEmpty && !Services.Contains(server.Service) ? $"service {server.Service} is not among feedback.services"
            : !server.Address.Equals(from) && !Allow.Any(network => network.Contains(server.Address)) ? $"{server.Address} is neither the agent's address {from} nor in feedback.allow"
            : "";
}
