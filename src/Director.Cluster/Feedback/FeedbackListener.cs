using System.Net;
using System.Net.Sockets;
using Director.Cluster.Transport;
using Director.Health.Feedback.Protocol;

namespace Director.Cluster.Feedback;

/// <summary>Where agents connect. Whoever sends garbage, forgeries, too much or nothing is cut off and counted, and named in the log once.</summary>
internal sealed class FeedbackListener : IAsyncDisposable
{
    /// <summary>Agents that have shown that they have the key, in all and from one address.</summary>
    internal const int MostAgents = 1024;

    private const int MostAgentsOfOne = 32;
    private const int MostPending = 64;
    private const int MostPendingOfOne = 8;

    private readonly Socket _listener;
    private readonly byte[] _key;
    private readonly TimeSpan _silence;
    private readonly IAgentSessions _sessions;
    private readonly FeedbackCounters _counters;
    private readonly TimeProvider _clock;
    private readonly Complaints _complaints;
    private readonly PendingConnections _pending = new(MostPending, MostPendingOfOne);
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<IPAddress, int> _agents = [];
    private readonly Task _accepting;
    private long _lastSession;

    private FeedbackListener(Socket listener, byte[] key, TimeSpan silence, IAgentSessions sessions, FeedbackCounters counters, TimeProvider clock, Action<string> log)
    {
        _listener = listener;
        _key = key;
        _silence = silence;
        _sessions = sessions;
        _counters = counters;
        _clock = clock;
        _complaints = new Complaints(log, clock);
        _accepting = Task.Run(Accept);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint => (IPEndPoint)_listener.LocalEndPoint!;

    /// <summary>Listens.</summary>
    /// <param name="at">Where.</param>
    /// <param name="key">The shared key.</param>
    /// <param name="silence">How long an agent may say nothing before its connection is closed.</param>
    /// <param name="sessions">Takes what they say.</param>
    /// <param name="counters">Counts.</param>
    /// <param name="clock">Measures times.</param>
    /// <param name="log">Takes lines.</param>
    /// <exception cref="InvalidOperationException">The port cannot be had.</exception>
    public static FeedbackListener Start(IPEndPoint at, byte[] key, TimeSpan silence, IAgentSessions sessions, FeedbackCounters counters, TimeProvider clock, Action<string> log)
    {
        var listener = new Socket(at.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            if (at.Address.Equals(IPAddress.IPv6Any))
            {
                listener.DualMode = true;
            }

            listener.Bind(at);
            listener.Listen(128);
            return new(listener, key, silence, sessions, counters, clock, log);
        }
        catch (SocketException refused)
        {
            listener.Dispose();
            throw new InvalidOperationException($"feedback.listen: {at} cannot be had ({refused.Message}); give it another port, or end who has it", refused);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        _listener.Dispose();
        await _accepting.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task Accept()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var socket = await _listener.AcceptAsync(_stop.Token).ConfigureAwait(false);
                _ = Task.Run(() => Serve(socket));
            }
            catch (Exception end) when (end is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // It was gone before it was taken, or files are short: neither is a reason to stop, nor to spin.
                await Task.Delay(100, CancellationToken.None).ConfigureAwait(false);
            }
        }
    }

    private async Task Serve(Socket socket)
    {
        var session = Interlocked.Increment(ref _lastSession);
        IPAddress? from = null;
        var isAgent = false;
        try
        {
            from = ((IPEndPoint)socket.RemoteEndPoint!).Address;
            from = from.IsIPv4MappedToIPv6 ? from.MapToIPv4() : from;
            if (_pending.Add(from, socket))
            {
                _counters.Count(FeedbackFault.TooMany);
            }

            socket.NoDelay = true;
            socket.SendTimeout = (int)ProtocolLimits.Handshake.TotalMilliseconds;
            using var end = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            var connection = new AgentConnection(socket, _clock);
            var fault = await connection.Greet(_key, end.Token).ConfigureAwait(false);
            while (fault is null)
            {
                (var message, fault) = await connection.Receive(isAgent ? _silence : ProtocolLimits.Handshake, isAgent, end.Token).ConfigureAwait(false);
                if (message is null)
                {
                    break;
                }

                _pending.Remove(socket);
                if (!isAgent && !(isAgent = Enter(from)))
                {
                    fault = FeedbackFault.TooMany;
                    break;
                }

                fault = await Take(connection, session, from, message, end.Token).ConfigureAwait(false);
                if (message is Farewell)
                {
                    break;
                }
            }

            if (fault is { } wrong)
            {
                Complain(from, wrong, FeedbackFaults.Text(wrong));
            }
        }
        catch (Exception end) when (end is SocketException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The connection ended, or was cut off to make room.
        }
        finally
        {
            _pending.Remove(socket);
            socket.Dispose();
            if (isAgent)
            {
                Exit(from!);
                _sessions.Lost(session);
            }
        }
    }

    private async Task<FeedbackFault?> Take(AgentConnection connection, long session, IPAddress from, AgentMessage message, CancellationToken cancellation)
    {
        switch (message)
        {
            case Registration registration:
                var refusals = _sessions.Register(session, from, registration);
                foreach (var refusal in refusals.Where(refusal => refusal.Length > 0))
                {
                    Complain(from, FeedbackFault.NotAllowed, $"was refused: {refusal}");
                }

                await connection.Send(new Heard(refusals), cancellation).ConfigureAwait(false);
                return null;
            case Report report when _sessions.Report(session, report):
                _counters.CountReport();
                await connection.Send(new Heard([]), cancellation).ConfigureAwait(false);
                return null;
            case Farewell:
                _sessions.Leave(session);
                await connection.Send(new Heard([]), cancellation).ConfigureAwait(false);
                return null;
            default:
                return FeedbackFault.Malformed;
        }
    }

    private void Complain(IPAddress from, FeedbackFault fault, string text)
    {
        _counters.Count(fault);
        _complaints.Say(from.ToString(), $"warning: feedback: agent {from} {text}");
    }

    private bool Enter(IPAddress from)
    {
        lock (_agents)
        {
            var ofOne = _agents.GetValueOrDefault(from);
            if (ofOne >= MostAgentsOfOne || _agents.Values.Sum() >= MostAgents)
            {
                return false;
            }

            _agents[from] = ofOne + 1;
            return true;
        }
    }

    private void Exit(IPAddress from)
    {
        lock (_agents)
        {
            if (--_agents[from] == 0)
            {
                _agents.Remove(from);
            }
        }
    }
}
