using System.Collections.Immutable;
using System.Net;

namespace Director.Health.Feedback.Protocol;

/// <summary>What agent and director say to each other; see <see cref="MessageFormat"/>.</summary>
public abstract record AgentMessage;

/// <summary>The agent's first message: what it speaks for.</summary>
/// <param name="Agent">Its name, for people.</param>
/// <param name="Services">1 to <see cref="ProtocolLimits.Services"/>; reports name them by their place here.</param>
public sealed record Registration(string Agent, ImmutableArray<RegisteredService> Services) : AgentMessage;

/// <summary>A real server of a service.</summary>
/// <param name="Service">Name of the virtual service in the director's configuration.</param>
/// <param name="Address">Address of the real server.</param>
/// <param name="Port">Its port, 1 to 65535.</param>
public sealed record RegisteredService(string Service, IPAddress Address, ushort Port)
{
    /// <summary>Whether the real server is to be added where the service does not have it.</summary>
    public bool Joins { get; init; } = true;

    /// <summary>Its weight then, 1 to 65535.</summary>
    public int Weight { get; init; } = 1;

    /// <summary>How packets reach it then; null: as they reach the service's other real servers.</summary>
    public RegisteredForwarding? Forwarding { get; init; }
}

/// <summary>How packets reach a real server.</summary>
public enum RegisteredForwarding
{
    /// <summary>Network address translation.</summary>
    Nat,

    /// <summary>Direct routing.</summary>
    Direct,

    /// <summary>Tunnelling.</summary>
    Tunnel,
}

/// <summary>The agent's word on the services that it has registered, in their order. Sent again and again: it is the sign of life too.</summary>
/// <param name="Answers">One for each service; remarks and words that were not understood are not sent.</param>
public sealed record Report(ImmutableArray<AgentAnswer> Answers) : AgentMessage;

/// <summary>The agent takes its leave.</summary>
public sealed record Farewell : AgentMessage;

/// <summary>The director's answer to each message of the agent.</summary>
/// <param name="Refusals">For each registered service why it is refused; empty: it is not. None behind a report.</param>
public sealed record Heard(ImmutableArray<string> Refusals) : AgentMessage;
