namespace Director.Health.Checks;

/// <summary>Whether a TCP connection can be opened (ldirectord's <c>checktype = connect</c>, keepalived's <c>TCP_CHECK</c>).</summary>
public sealed record ConnectCheck(CheckTarget Target) : HealthCheck(Target)
{
    /// <inheritdoc/>
    public override string Type => "connect";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        using var socket = await TcpConnection.Open(Target, cancellation).ConfigureAwait(false);
        // Reset in place of FIN: thousands of checks must not leave TIME_WAIT sockets behind.
        socket.LingerState = new(true, 0);
        return CheckAnswer.Pass("connected");
    }
}
