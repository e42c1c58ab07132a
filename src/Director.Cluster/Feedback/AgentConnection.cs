using System.Net.Sockets;
using Director.Health.Feedback.Protocol;

namespace Director.Cluster.Feedback;

/// <summary>A director's end of a connection with an agent.</summary>
/// <param name="socket">The connection; disposed of by who gave it.</param>
/// <param name="clock">Measures times.</param>
internal sealed class AgentConnection(Socket socket, TimeProvider clock)
{
    private readonly long _start = clock.GetTimestamp();
    private readonly MessageBudget _budget = new(ProtocolLimits.MessagesPerSecond, TimeSpan.Zero);
    private SealedMessages? _messages;

    /// <summary>Answers an agent's hello.</summary>
    /// <returns>What is wrong, or null.</returns>
    public async Task<FeedbackFault?> Greet(byte[] key, CancellationToken cancellation)
    {
        var hello = new byte[AgentHandshake.HelloBytes];
        if (await Fill(hello, ProtocolLimits.Handshake, FeedbackFault.NoHandshake, cancellation).ConfigureAwait(false) is { } wrong)
        {
            return wrong;
        }

        if (AgentHandshake.Answer(key, hello, out var answer, out _messages) is not ProtocolFault.None and var fault)
        {
            return FeedbackFaults.Of(fault);
        }

        await socket.SendAsync(answer, cancellation).ConfigureAwait(false);
        return null;
    }

    /// <summary>The next message; neither message nor fault: the agent has closed the connection.</summary>
    /// <param name="within">How long to wait.</param>
    /// <param name="isKnown">Whether it has shown that it has the key.</param>
    /// <param name="cancellation">Ends it.</param>
    public async Task<(AgentMessage? Message, FeedbackFault? Fault)> Receive(TimeSpan within, bool isKnown, CancellationToken cancellation)
    {
        var late = isKnown ? FeedbackFault.Silent : FeedbackFault.NoHandshake;
        var length = new byte[SealedMessages.LengthBytes];
        if (await Fill(length, within, late, cancellation).ConfigureAwait(false) is { } wrong)
        {
            return (null, wrong == FeedbackFault.Garbage && isKnown ? null : wrong);
        }

        if (SealedMessages.Length(length, out var bytes) is not ProtocolFault.None and var fault)
        {
            return (null, FeedbackFaults.Of(fault));
        }

        if (!_budget.Take(clock.GetElapsedTime(_start)))
        {
            return (null, FeedbackFault.Flood);
        }

        var sealedBody = new byte[bytes];
        if (await Fill(sealedBody, ProtocolLimits.Handshake, late, cancellation).ConfigureAwait(false) is { } cut)
        {
            return (null, cut);
        }

        return Open(sealedBody);
    }

    /// <summary>Sends a message.</summary>
    public async Task Send(AgentMessage message, CancellationToken cancellation)
    {
        // An agent that takes nothing must not hold this end for ever.
        using var late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        late.CancelAfter(ProtocolLimits.Handshake);
        await socket.SendAsync(_messages!.Seal(MessageFormat.Write(message)), late.Token).ConfigureAwait(false);
    }

    private (AgentMessage? Message, FeedbackFault? Fault) Open(byte[] sealedBody)
    {
        var fault = _messages!.Open(sealedBody, out var body);
        return fault != ProtocolFault.None ? (null, FeedbackFaults.Of(fault))
            : MessageFormat.Read(body) is { } message ? (message, null)
            : (null, FeedbackFault.Malformed);
    }

    /// <summary>Reads until a buffer is full. An end before that is garbage.</summary>
    private async Task<FeedbackFault?> Fill(Memory<byte> buffer, TimeSpan within, FeedbackFault late, CancellationToken cancellation)
    {
        using var timeout = new CancellationTokenSource(within, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, cancellation);
        try
        {
            for (var length = 0; length < buffer.Length;)
            {
                var read = await socket.ReceiveAsync(buffer[length..], either.Token).ConfigureAwait(false);
                if (read == 0)
                {
                    return FeedbackFault.Garbage;
                }

                length += read;
            }

            return null;
        }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested && !cancellation.IsCancellationRequested)
        {
            return late;
        }
    }
}
