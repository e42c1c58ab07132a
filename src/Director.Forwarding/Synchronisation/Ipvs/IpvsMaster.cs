using System.Diagnostics;
using System.Net.Sockets;

namespace Director.Forwarding.Synchronisation.Ipvs;

/// <summary>The thread that sends what workers noted: a full datagram at once, one that is not when its first entry has waited for two seconds.</summary>
internal sealed class IpvsMaster : IDisposable
{
    // IPVS_SYNC_SEND_DELAY.
    private const int StepMilliseconds = 20;

    private readonly IReadOnlyList<IpvsRing> _rings;
    private readonly IpvsBatch _batch;
    private readonly Socket _socket;
    private readonly IpvsCounters _counters;
    private readonly Action<string> _log;
    private readonly Stopwatch _clock = Stopwatch.StartNew();
    private readonly ManualResetEventSlim _isStopping = new();
    private readonly Thread _thread;

    /// <summary>Begins.</summary>
    /// <param name="rings">What workers note.</param>
    /// <param name="batch">The datagram in the making.</param>
    /// <param name="socket">Where datagrams leave; disposed of.</param>
    /// <param name="counters">Counts.</param>
    /// <param name="log">Takes a line for the operator.</param>
    public IpvsMaster(IReadOnlyList<IpvsRing> rings, IpvsBatch batch, Socket socket, IpvsCounters counters, Action<string> log)
    {
        _rings = rings;
        _batch = batch;
        _socket = socket;
        _counters = counters;
        _log = log;
        _thread = new Thread(Run) { Name = "ipvs-master", IsBackground = true };
        _thread.Start();
    }

    private void Run()
    {
        while (!_isStopping.Wait(StepMilliseconds))
            Step(isLast: false);
        Step(isLast: true);
    }

    private void Step(bool isLast)
    {
        try
        {
            Take();
            if (_batch.IsDue(_clock.ElapsedMilliseconds) || (isLast && _batch.Count > 0))
                Send();
        }
        catch (Exception error)
        {
            // Whatever it runs into, the director goes on forwarding.
            _log($"synchronisation.ipvs: {error.Message}");
        }
    }

    private void Take()
    {
        foreach (var ring in _rings)
        {
            while (ring.TryRead(out var entry))
            {
                if (!_batch.Carries(entry))
                {
                    _counters.NotCarried();
                    continue;
                }

                if (_batch.TryAdd(entry, default, _clock.ElapsedMilliseconds))
                    continue;
                Send();
                _batch.TryAdd(entry, default, _clock.ElapsedMilliseconds);
            }
        }
    }

    private void Send()
    {
        _socket.Send(_batch.Finish(), SocketFlags.None, out var error);
        if (error == SocketError.Success)
            _counters.Sent(_batch.Count);
        else
            _counters.SendFailed();
        _batch.Clear();
    }

    /// <summary>Sends what is held, ends the thread and waits for it.</summary>
    public void Dispose()
    {
        _isStopping.Set();
        _thread.Join();
        _socket.Dispose();
        _isStopping.Dispose();
    }
}
