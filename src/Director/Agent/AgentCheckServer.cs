using System.Net;
using System.Net.Sockets;
using System.Text;
using Director.Health.Feedback;

namespace Director.Agent;

/// <summary>Answers whoever connects with a line, as HAProxy's <c>agent-check</c> expects it. What is sent to it is not read.</summary>
internal sealed class AgentCheckServer : IDisposable
{
    private const int MostAtOnce = 64;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);

    private readonly Socket _listener;
    private int _open;

    private AgentCheckServer(Socket listener) => _listener = listener;

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>Listens.</summary>
    /// <exception cref="OperatorException">The port cannot be had.</exception>
    public static AgentCheckServer Listen(IPEndPoint at)
    {
        Socket listener = new(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (at.Address.Equals(IPAddress.IPv6Any))
                listener.DualMode = true;
            listener.Bind(at);
            listener.Listen(128);
            return new(listener);
        }
        catch (SocketException refused)
        {
            listener.Dispose();
            throw new OperatorException($"agent.listen: {at} cannot be had ({refused.Message}); give it another port, or end who has it");
        }
    }

    /// <summary>Answers until cancelled.</summary>
    /// <param name="answer">What is said now.</param>
    /// <param name="stop">Ends it.</param>
    public async Task Run(Func<AgentAnswer> answer, CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                Socket connection = await _listener.AcceptAsync(stop);
                if (Interlocked.Increment(ref _open) > MostAtOnce)
                {
                    Interlocked.Decrement(ref _open);
                    connection.Dispose();
                    continue;
                }

                _ = Answer(connection, answer(), stop);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException)
            {
                // It was gone before it was taken, or files are short: neither is a reason to stop, nor to spin.
                await Task.Delay(100, CancellationToken.None);
            }
        }
    }

    public void Dispose() => _listener.Dispose();

    private async Task Answer(Socket connection, AgentAnswer answer, CancellationToken stop)
    {
        using Socket _ = connection;
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(stop);
        late.CancelAfter(_patience);
        try
        {
            await connection.SendAsync(Encoding.ASCII.GetBytes(answer.ToLine()), late.Token);
            connection.Shutdown(SocketShutdown.Send);
            // Until the other side has closed: what it sent and nobody read would turn this end's FIN into a reset, which overtakes the answer.
            byte[] unread = new byte[256];
            while (await connection.ReceiveAsync(unread, late.Token) > 0)
            {
            }
        }
        catch (Exception gone) when (gone is SocketException or OperationCanceledException)
        {
            // Who asked has what it wanted, or has gone.
        }
        finally
        {
            Interlocked.Decrement(ref _open);
        }
    }
}
