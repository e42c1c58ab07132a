using System.Globalization;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace Director.Health.Checks;

/// <summary>Whether a file server lets a user log in and, if asked to, sends a file (ldirectord's <c>ftp</c>; RFC 959, 2428).</summary>
public sealed partial record FtpCheck(CheckTarget Target) : HealthCheck(Target)
{
    /// <summary>User to log in; empty is anonymous.</summary>
    public string Login { get; init; } = "";

    /// <summary>The user's password; empty with anonymous: an address, as is the custom.</summary>
    public Secret Password { get; init; }

    /// <summary>File that is fetched; empty: the login is enough.</summary>
    public string Request { get; init; } = "";

    /// <summary>Regular expression that the file has to match; empty matches all.</summary>
    public string Receive { get; init; } = "";

    /// <summary>Regular expression that the file must not match; empty is none.</summary>
    public string ReceiveNot { get; init; } = "";

    /// <inheritdoc/>
    public override string Type => "ftp";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        await using var server = await LineConnection.Open(Target, null, cancellation).ConfigureAwait(false);
        var reply = await server.HearReply(cancellation).ConfigureAwait(false);
        if (reply.Code != 220)
        {
            return CheckAnswer.Fail($"greeting {reply}");
        }

        reply = await server.Ask($"USER {(Login.Length > 0 ? Login : "anonymous")}", cancellation).ConfigureAwait(false);
        if (reply.Code == 331)
        {
            reply = await server.Ask($"PASS {(Password.IsEmpty && Login.Length == 0 ? "director@" : Password.Reveal())}", cancellation).ConfigureAwait(false);
        }

        if (reply.Code is not (230 or 232))
        {
            return CheckAnswer.Fail($"login refused: {reply.Without(Password)}");
        }

        var answer = Request.Length > 0 ? await Fetch(server, cancellation).ConfigureAwait(false) : CheckAnswer.Pass("logged in");
        await server.Say("QUIT", cancellation).ConfigureAwait(false);
        return answer;
    }

    private async Task<CheckAnswer> Fetch(LineConnection server, CancellationToken cancellation)
    {
        var reply = await server.Ask("TYPE I", cancellation).ConfigureAwait(false);
        if (reply.Code != 200)
        {
            return CheckAnswer.Fail($"TYPE I: {reply}");
        }

        reply = await server.Ask("EPSV", cancellation).ConfigureAwait(false);
        var port = reply.Code == 229 && ExtendedPassive().Match(reply.Lines[0]) is { Success: true } extended
            && ushort.TryParse(extended.Groups[1].Value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : (ushort)0;
        if (reply.Code >= 500 && Target.Address.AddressFamily == AddressFamily.InterNetwork)
        {
            reply = await server.Ask("PASV", cancellation).ConfigureAwait(false);
            port = reply.Code == 227 && Passive().Match(reply.Lines[0]) is { Success: true } passive
                && byte.TryParse(passive.Groups[1].Value, out var high) && byte.TryParse(passive.Groups[2].Value, out var low) ? (ushort)((high << 8) | low) : (ushort)0;
        }

        if (port == 0)
        {
            return CheckAnswer.Fail($"passive mode: {reply}");
        }

        // Only the port is taken from the reply: the address could be anybody's.
        using var data = await TcpConnection.Open(Target with { Port = port }, cancellation).ConfigureAwait(false);
        data.LingerState = new(true, 0);
        reply = await server.Ask($"RETR {Request}", cancellation).ConfigureAwait(false);
        if (reply.Code is not (125 or 150))
        {
            return CheckAnswer.Fail($"{Request}: {reply}");
        }

        var content = new byte[Expectation.LongestAnswer];
        var length = 0;
        int read;
        while (length < content.Length && (read = await data.ReceiveAsync(content.AsMemory(length), cancellation).ConfigureAwait(false)) > 0)
        {
            length += read;
        }

        if (length < content.Length)
        {
            reply = await server.HearReply(cancellation).ConfigureAwait(false);
            if (reply.Code is not (226 or 250))
            {
                return CheckAnswer.Fail($"{Request}: {reply}");
            }
        }

        return Expectation.Judge(Encoding.UTF8.GetString(content, 0, length), Receive, ReceiveNot, $"{Request}: {length} bytes");
    }

    [GeneratedRegex(@"\(\|\|\|(\d{1,5})\|\)")]
    private static partial Regex ExtendedPassive();

    [GeneratedRegex(@"\d{1,3},\d{1,3},\d{1,3},\d{1,3},(\d{1,3}),(\d{1,3})")]
    private static partial Regex Passive();
}
