namespace Director.Health.Checks;

/// <summary>Whether a news server greets and answers a command (ldirectord's <c>nntp</c>; RFC 3977, 4643).</summary>
public sealed record NntpCheck(CheckTarget Target) : HealthCheck(Target)
{
    // Replies that more lines follow, to one with a single dot (RFC 3977, 3.2).
    private static readonly int[] s_long = [100, 101, 215, 220, 221, 222, 224, 225, 230, 231];

    /// <summary>User to log in; empty is none.</summary>
    public string Login { get; init; } = "";

    /// <summary>The user's password.</summary>
    public Secret Password { get; init; }

    /// <summary>Command that is said; empty: the greeting is enough.</summary>
    public string Request { get; init; } = "";

    /// <summary>Regular expression that the command's reply, without one the greeting, has to match; empty matches all.</summary>
    public string Receive { get; init; } = "";

    /// <summary>Regular expression that it must not match; empty is none.</summary>
    public string ReceiveNot { get; init; } = "";

    /// <inheritdoc/>
    public override string Type => "nntp";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        await using var server = await LineConnection.Open(Target, null, cancellation).ConfigureAwait(false);
        var reply = await server.HearReply(cancellation).ConfigureAwait(false);
        if (reply.Code is not (200 or 201))
        {
            return CheckAnswer.Fail($"greeting {reply}");
        }

        if (Login.Length > 0)
        {
            var login = await server.Ask($"AUTHINFO USER {Login}", cancellation).ConfigureAwait(false);
            if (login.Code == 381)
            {
                login = await server.Ask($"AUTHINFO PASS {Password.Reveal()}", cancellation).ConfigureAwait(false);
            }

            if (login.Code != 281)
            {
                return CheckAnswer.Fail($"login refused: {login.Without(Password)}");
            }
        }

        var text = $"{reply.Code} {reply.Lines[0]}";
        if (Request.Length > 0)
        {
            reply = await server.Ask(Request, cancellation).ConfigureAwait(false);
            if (reply.Code >= 400)
            {
                return CheckAnswer.Fail($"{Request}: {reply}");
            }

            text = $"{reply.Code} {reply.Lines[0]}";
            if (s_long.Contains(reply.Code) || (reply.Code == 211 && Request.StartsWith("LISTGROUP", StringComparison.OrdinalIgnoreCase)))
            {
                string line;
                while ((line = await server.Hear(cancellation).ConfigureAwait(false)) != ".")
                {
                    text += "\n" + line;
                }
            }
        }

        var answer = Expectation.Judge(text, Receive, ReceiveNot, Login.Length > 0 && Request.Length == 0 ? "logged in" : $"answered {reply}");
        await server.Say("QUIT", cancellation).ConfigureAwait(false);
        return answer;
    }
}
