namespace Director.Health.Checks;

/// <summary>Whether a mailbox server greets and, if asked to, lets a user log in (ldirectord's <c>pop</c> and <c>pops</c>; RFC 1939, 2595).</summary>
public sealed record PopCheck(CheckTarget Target) : HealthCheck(Target)
{
    /// <summary>Whether the connection is TLS from its beginning (<c>pops</c>).</summary>
    public bool IsTls { get; init; }

    /// <summary>User to log in; empty is none.</summary>
    public string Login { get; init; } = "";

    /// <summary>The user's password.</summary>
    public Secret Password { get; init; }

    /// <summary>TLS, which is also spoken before a login where the server offers it.</summary>
    public TlsTrust Tls { get; init; } = new();

    /// <inheritdoc/>
    public override string Type => IsTls ? "pops" : "pop";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        await using var server = await LineConnection.Open(Target, IsTls ? Tls : null, cancellation).ConfigureAwait(false);
        var greeting = await server.Hear(cancellation).ConfigureAwait(false);
        if (!IsGood(greeting))
        {
            return CheckAnswer.Fail($"greeting {Expectation.Shown(greeting)}");
        }

        if (Login.Length > 0)
        {
            if (!IsTls && await Offers(server, "STLS", cancellation).ConfigureAwait(false))
            {
                await server.Say("STLS", cancellation).ConfigureAwait(false);
                var start = await server.Hear(cancellation).ConfigureAwait(false);
                if (!IsGood(start))
                {
                    return CheckAnswer.Fail($"STLS: {Expectation.Shown(start)}");
                }

                await server.Secure(Tls, Target, cancellation).ConfigureAwait(false);
            }

            foreach (var line in new[] { $"USER {Login}", $"PASS {Password.Reveal()}" })
            {
                await server.Say(line, cancellation).ConfigureAwait(false);
                var reply = await server.Hear(cancellation).ConfigureAwait(false);
                if (!IsGood(reply))
                {
                    return CheckAnswer.Fail($"login refused: {Expectation.Shown(Password.HideIn(reply))}");
                }
            }
        }

        await server.Say("QUIT", cancellation).ConfigureAwait(false);
        await server.Hear(cancellation).ConfigureAwait(false);
        return CheckAnswer.Pass(Said.Passed(Login.Length > 0 ? "logged in" : $"greeting {Expectation.Shown(greeting)}", server.Expiry));
    }

    private static async Task<bool> Offers(LineConnection server, string capability, CancellationToken cancellation)
    {
        await server.Say("CAPA", cancellation).ConfigureAwait(false);
        if (!IsGood(await server.Hear(cancellation).ConfigureAwait(false)))
        {
            return false;
        }

        var found = false;
        string line;
        while ((line = await server.Hear(cancellation).ConfigureAwait(false)) != ".")
        {
            found |= line.Equals(capability, StringComparison.OrdinalIgnoreCase);
        }

        return found;
    }

    private static bool IsGood(string reply) => reply.StartsWith("+OK", StringComparison.Ordinal);
}
