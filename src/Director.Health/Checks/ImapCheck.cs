using System.Text;

namespace Director.Health.Checks;

/// <summary>Whether a mailbox server greets and, if asked to, lets a user log in (ldirectord's <c>imap</c> and <c>imaps</c>; RFC 3501).</summary>
public sealed record ImapCheck(CheckTarget Target) : HealthCheck(Target)
{
    /// <summary>Whether the connection is TLS from its beginning (<c>imaps</c>).</summary>
    public bool IsTls { get; init; }

    /// <summary>User to log in; empty is none.</summary>
    public string Login { get; init; } = "";

    /// <summary>The user's password.</summary>
    public Secret Password { get; init; }

    /// <summary>TLS, which is also spoken before a login where the server offers it.</summary>
    public TlsTrust Tls { get; init; } = new();

    /// <inheritdoc/>
    public override string Type => IsTls ? "imaps" : "imap";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        await using var server = await LineConnection.Open(Target, IsTls ? Tls : null, cancellation).ConfigureAwait(false);
        var greeting = await server.Hear(cancellation).ConfigureAwait(false);
        if (!greeting.StartsWith("* OK", StringComparison.OrdinalIgnoreCase) && !greeting.StartsWith("* PREAUTH", StringComparison.OrdinalIgnoreCase))
        {
            return CheckAnswer.Fail($"greeting {Expectation.Shown(greeting)}");
        }

        if (Login.Length > 0)
        {
            if (!IsTls)
            {
                var (_, offered) = await Command(server, "a CAPABILITY", cancellation).ConfigureAwait(false);
                if (offered.Any(line => line.Split(' ').Contains("STARTTLS", StringComparer.OrdinalIgnoreCase)))
                {
                    var (start, _) = await Command(server, "b STARTTLS", cancellation).ConfigureAwait(false);
                    if (!IsGood(start))
                    {
                        return CheckAnswer.Fail($"STARTTLS: {Expectation.Shown(start)}");
                    }

                    await server.Secure(Tls, Target, cancellation).ConfigureAwait(false);
                }
            }

            var reply = await LogIn(server, cancellation).ConfigureAwait(false);
            if (!IsGood(reply))
            {
                return CheckAnswer.Fail($"login refused: {Expectation.Shown(Password.HideIn(reply))}");
            }
        }

        await Command(server, "d LOGOUT", cancellation).ConfigureAwait(false);
        return CheckAnswer.Pass(Said.Passed(Login.Length > 0 ? "logged in" : $"greeting {Expectation.Shown(greeting)}", server.Expiry));
    }

    /// <summary>Both words as literals, which may hold any character.</summary>
    private async Task<string> LogIn(LineConnection server, CancellationToken cancellation)
    {
        string[] parts = [$"c LOGIN {Length(Login)}", $"{Login} {Length(Password.Reveal())}"];
        foreach (var part in parts)
        {
            await server.Say(part, cancellation).ConfigureAwait(false);
            var (reply, _) = await Answer(server, 'c', cancellation).ConfigureAwait(false);
            if (!reply.StartsWith('+'))
            {
                return reply;
            }
        }

        return (await Command(server, Password.Reveal(), cancellation, 'c').ConfigureAwait(false)).Reply;

        static string Length(string text) => $"{{{Encoding.UTF8.GetByteCount(text)}}}";
    }

    private static Task<(string Reply, List<string> Before)> Command(LineConnection server, string command, CancellationToken cancellation) =>
        Command(server, command, cancellation, command[0]);

    private static async Task<(string Reply, List<string> Before)> Command(LineConnection server, string line, CancellationToken cancellation, char tag)
    {
        await server.Say(line, cancellation).ConfigureAwait(false);
        return await Answer(server, tag, cancellation).ConfigureAwait(false);
    }

    /// <summary>The line that ends an answer or asks for more, and the untagged ones before it.</summary>
    private static async Task<(string Reply, List<string> Before)> Answer(LineConnection server, char tag, CancellationToken cancellation)
    {
        var before = new List<string>();
        while (true)
        {
            var line = await server.Hear(cancellation).ConfigureAwait(false);
            if (!line.StartsWith('*'))
            {
                return line.StartsWith('+') || line.StartsWith($"{tag} ", StringComparison.Ordinal) ? (line, before) : throw new IOException($"no reply but {Expectation.Shown(line)}");
            }

            before.Add(line);
        }
    }

    private static bool IsGood(string reply) => reply.AsSpan(Math.Min(2, reply.Length)).StartsWith("OK", StringComparison.OrdinalIgnoreCase);
}
