using System.Security.Cryptography;

namespace Director.Health.Checks;

/// <summary>Whether a RADIUS server lets a user in by his password (ldirectord's <c>radius</c>): PAP, with a Message-Authenticator, the answer's signature verified.</summary>
public sealed record RadiusCheck(CheckTarget Target, string Login, Secret Password, Secret Secret) : HealthCheck(Target)
{
    private const int AuthenticatorBytes = 16;

    /// <inheritdoc/>
    public override string Type => "radius";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        var request = RadiusPacket.Request(
            (byte)RandomNumberGenerator.GetInt32(byte.MaxValue + 1), RandomNumberGenerator.GetBytes(AuthenticatorBytes), Login, Password, Secret);
        var message = "";
        using var socket = await UdpExchange.Open(Target, cancellation).ConfigureAwait(false);
        var code = await UdpExchange.Ask(socket, request, answer => RadiusPacket.Read(answer.Span, request, Secret, out message), cancellation).ConfigureAwait(false);
        var said = message.Length > 0 ? $": {Expectation.Shown(Password.HideIn(Secret.HideIn(message)))}" : "";
        return code switch
        {
            RadiusCode.AccessAccept => CheckAnswer.Pass("access accepted"),
            RadiusCode.AccessReject => CheckAnswer.Fail($"login refused{said}"),
            RadiusCode.AccessChallenge => CheckAnswer.Fail($"access challenged, a password alone is not enough{said}"),
            _ => CheckAnswer.Fail($"unexpected answer, code {(int)code}"),
        };
    }
}
