namespace Director.Health;

/// <summary>What a check that speaks TLS asks for and believes.</summary>
public sealed record TlsTrust
{
    /// <summary>Name that is asked for (SNI) and that the certificate is verified for; empty: none is asked for, and the address is verified.</summary>
    public string ServerName { get; init; } = "";

    /// <summary>Whether a certificate that is not trusted, has expired or is for another name fails the check.</summary>
    public bool Verify { get; init; }

    /// <summary>PEM file of the authorities that are trusted; empty: those of the host.</summary>
    public string Authority { get; init; } = "";
}
