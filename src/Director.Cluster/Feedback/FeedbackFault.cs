using Director.Health.Feedback.Protocol;

namespace Director.Cluster.Feedback;

/// <summary>Why an agent, or who claims to be one, was not heard. Each is counted.</summary>
internal enum FeedbackFault
{
    /// <summary>What came is not the agents' protocol.</summary>
    Garbage,

    /// <summary>Another version of it.</summary>
    OtherVersion,

    /// <summary>The key differs, or a message was changed, made up or repeated.</summary>
    Forged,

    /// <summary>A message is too long.</summary>
    TooLong,

    /// <summary>A message with the right code makes no sense.</summary>
    Malformed,

    /// <summary>Nobody showed who he is in time.</summary>
    NoHandshake,

    /// <summary>An agent said nothing for long.</summary>
    Silent,

    /// <summary>More messages than an agent needs.</summary>
    Flood,

    /// <summary>More connections than there is room for.</summary>
    TooMany,

    /// <summary>A service or an address that the agent may not speak for.</summary>
    NotAllowed,

    /// <summary>An agent that is asked (<c>agent-check</c>) did not answer, or nothing that is known.</summary>
    NoAnswer,
}

/// <summary>Faults of the protocol among the others.</summary>
internal static class FeedbackFaults
{
    public static FeedbackFault Of(ProtocolFault fault) => fault switch
    {
        ProtocolFault.OtherVersion => FeedbackFault.OtherVersion,
        ProtocolFault.Forged => FeedbackFault.Forged,
        ProtocolFault.TooLong => FeedbackFault.TooLong,
        ProtocolFault.Malformed => FeedbackFault.Malformed,
        _ => FeedbackFault.Garbage,
    };

    /// <summary>For people.</summary>
    public static string Text(FeedbackFault fault) => fault switch
    {
        FeedbackFault.Garbage => "does not speak the agents' protocol",
        FeedbackFault.OtherVersion => $"speaks another version of the agents' protocol than {ProtocolLimits.Version}; run the same release",
        FeedbackFault.Forged => "has another key than feedback.key, or its messages were changed on the way",
        FeedbackFault.TooLong => $"sent a message of more than {ProtocolLimits.BodyBytes} bytes",
        FeedbackFault.Malformed => "sent a message that makes no sense",
        FeedbackFault.NoHandshake => "connected and did not show that it has the key",
        FeedbackFault.Silent => "fell silent",
        FeedbackFault.Flood => $"sent more than {ProtocolLimits.MessagesPerSecond} messages a second",
        FeedbackFault.TooMany => "was cut off: there are too many connections",
        _ => "was not heard",
    };
}
