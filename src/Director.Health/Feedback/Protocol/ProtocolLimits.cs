namespace Director.Health.Feedback.Protocol;

/// <summary>What agent and director hold each other to.</summary>
public static class ProtocolLimits
{
    /// <summary>The version that is spoken.</summary>
    public const byte Version = 1;

    /// <summary>Services in a registration.</summary>
    public const int Services = 32;

    /// <summary>Bytes (UTF-8) of a name or a reason.</summary>
    public const int TextBytes = 255;

    /// <summary>Bytes in the body of a message, without its length and its code.</summary>
    public const int BodyBytes = 16_384;

    /// <summary>How long a handshake may take, of either side.</summary>
    public static TimeSpan Handshake { get; } = TimeSpan.FromSeconds(5);

    /// <summary>Messages a second that a director takes from an agent in the long run; twice as many at once.</summary>
    public const int MessagesPerSecond = 10;
}
