using System.Net.Sockets;
using System.Text;

namespace Director.Health.Checks;

/// <summary>Whether a datagram is answered, or at least not refused (keepalived's <c>UDP_CHECK</c>).</summary>
public sealed record UdpCheck(CheckTarget Target) : HealthCheck(Target)
{
    /// <summary>What is sent, as hexadecimal digits; empty is an empty datagram.</summary>
    public string RequestHex { get; init; } = "";

    /// <summary>Whether silence fails the check; otherwise only an ICMP error does.</summary>
    public bool RequireReply { get; init; }

    /// <summary>Without <see cref="RequireReply"/>: how long nothing must come. Less than the check's timeout, and the longer the better: that a host is gone is known after three seconds of ARP.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Fewest bytes of a reply, 0 to 65535.</summary>
    public int MinReply { get; init; }

    /// <summary>Most bytes of a reply, 0 to 65535.</summary>
    public int MaxReply { get; init; } = 65535;

    /// <summary>Regular expression that a reply has to match; empty matches all.</summary>
    public string Receive { get; init; } = "";

    /// <summary>Regular expression that a reply must not match; empty is none.</summary>
    public string ReceiveNot { get; init; } = "";

    /// <inheritdoc/>
    public override string Type => "udp";

    /// <inheritdoc/>
    public override async Task<CheckAnswer> Ask(CancellationToken cancellation)
    {
        using var socket = await UdpExchange.Open(Target, cancellation).ConfigureAwait(false);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        if (!RequireReply)
        {
            patience.CancelAfter(Silence);
        }

        try
        {
            return await UdpExchange.Ask(socket, Convert.FromHexString(RequestHex), Judge, patience.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return CheckAnswer.Pass("not refused");
        }
    }

    private CheckAnswer? Judge(ReadOnlyMemory<byte> reply) => reply.Length < MinReply || reply.Length > MaxReply
        ? CheckAnswer.Fail($"reply of {reply.Length} bytes, expected {MinReply} to {MaxReply}")
        : Expectation.Judge(Encoding.UTF8.GetString(reply.Span), Receive, ReceiveNot, $"reply of {reply.Length} bytes");
}
