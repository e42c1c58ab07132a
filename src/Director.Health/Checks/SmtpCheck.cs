using System.Text;

namespace Director.Health.Checks;

/// <summary>Whether a mail server greets, says hello and, if asked to, lets a user log in (ldirectord's <c>smtp</c> and <c>submission</c>, keepalived's <c>SMTP_CHECK</c>; RFC 5321, 3207, 4954).</summary>
public sealed record SmtpCheck(CheckTarget Target) : HealthCheck(Target)
{
    /// <summary>Whether it is a server for users' own mail, by its name only.</summary>
    public bool IsSubmission { get; init; }

    /// <summary>Name that is said with EHLO; empty is the host's.</summary>
    public string Helo { get; init; } = "";

    /// <summary>User to log in; empty is none.</summary>
    public string Login { get; init; } = "";

    /// <summary>The user's password.</summary>
    public Secret Password { get; init; }

    /// <summary>TLS, which is spoken before a login where the server offers it.</summary>
    public TlsTrust Tls { get; init; } = new();

    /// <inheritdoc/>
    public override string Type => IsSubmission ? "submission" : "smtp";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        await using var server = await LineConnection.Open(Target, null, cancellation).ConfigureAwait(false);
        var greeting = await server.HearReply(cancellation).ConfigureAwait(false);
        if (greeting.Code != 220)
        {
            return CheckAnswer.Fail($"greeting {greeting}");
        }

        var hello = await Hello(server, cancellation).ConfigureAwait(false);
        if (hello.Code == 250 && Login.Length > 0 && hello.Lines.Contains("STARTTLS", StringComparer.OrdinalIgnoreCase))
        {
            var start = await server.Ask("STARTTLS", cancellation).ConfigureAwait(false);
            if (start.Code != 220)
            {
                return CheckAnswer.Fail($"STARTTLS: {start}");
            }

            await server.Secure(Tls, Target, cancellation).ConfigureAwait(false);
            hello = await Hello(server, cancellation).ConfigureAwait(false);
        }

        if (hello.Code != 250)
        {
            return CheckAnswer.Fail($"hello: {hello}");
        }

        if (Login.Length > 0 && await Refusal(server, hello, cancellation).ConfigureAwait(false) is { } refusal)
        {
            return CheckAnswer.Fail(refusal);
        }

        await server.Ask("QUIT", cancellation).ConfigureAwait(false);
        return CheckAnswer.Pass(Said.Passed(Login.Length > 0 ? "logged in" : $"greeting {greeting}", server.Expiry));
    }

    private async Task<Reply> Hello(LineConnection server, CancellationToken cancellation)
    {
        var name = Helo.Length > 0 ? Helo : Environment.MachineName;
        var reply = await server.Ask($"EHLO {name}", cancellation).ConfigureAwait(false);
        return reply.Code is >= 500 and < 600 && !server.IsTls ? await server.Ask($"HELO {name}", cancellation).ConfigureAwait(false) : reply;
    }

    /// <summary>Why the login did not succeed; null if it did.</summary>
    private async Task<string?> Refusal(LineConnection server, Reply hello, CancellationToken cancellation)
    {
        // "AUTH=" is how it was written before the RFC.
        var offered = hello.Lines.Where(line => line.StartsWith("AUTH ", StringComparison.OrdinalIgnoreCase) || line.StartsWith("AUTH=", StringComparison.OrdinalIgnoreCase))
            .SelectMany(line => line[5..].Split(' ')).ToHashSet(StringComparer.OrdinalIgnoreCase);
        Reply reply;
        var plain = Base64($"\0{Login}\0{Password.Reveal()}");
        if (offered.Contains("PLAIN"))
        {
            reply = await server.Ask($"AUTH PLAIN {plain}", cancellation).ConfigureAwait(false);
        }
        else if (offered.Contains("LOGIN"))
        {
            reply = await server.Ask("AUTH LOGIN", cancellation).ConfigureAwait(false);
            if (reply.Code == 334)
            {
                reply = await server.Ask(Base64(Login), cancellation).ConfigureAwait(false);
            }

            if (reply.Code == 334)
            {
                reply = await server.Ask(Base64(Password.Reveal()), cancellation).ConfigureAwait(false);
            }
        }
        else
        {
            return "the server offers no login that the check knows (PLAIN, LOGIN)";
        }

        return reply.Code == 235 ? null
            : reply.Lines[0].Contains(plain, StringComparison.Ordinal) || reply.Lines[0].Contains(Base64(Password.Reveal()), StringComparison.Ordinal) ? $"login refused: {reply.Code}"
            : $"login refused: {reply.Without(Password)}";
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));
}
