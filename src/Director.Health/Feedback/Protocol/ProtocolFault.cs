namespace Director.Health.Feedback.Protocol;

/// <summary>Why a message or a connection was not taken.</summary>
public enum ProtocolFault
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>It is not this protocol.</summary>
    Garbage,

    /// <summary>The other side speaks another version.</summary>
    OtherVersion,

    /// <summary>Its code is not that of the shared key: the key differs, or the message was changed, made up, repeated or left out.</summary>
    Forged,

    /// <summary>It is longer than <see cref="ProtocolLimits.BodyBytes"/>.</summary>
    TooLong,

    /// <summary>The code is right and the content is not: a number out of range, a text that is too long, too many services.</summary>
    Malformed,
}
