using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Director.Lab.Witness;

/// <summary>A client that tells what a fail-over costs: it holds streams, opens new connections all the time, and probes by UDP.</summary>
/// <param name="options">What to do.</param>
public sealed class Witness(WitnessOptions options)
{
    // <linux/in.h>
    private const int IpLevel = 0;
    private const int BindAddressNoPort = 24;

    private readonly Lock _lock = new();
    private readonly IPEndPoint _target = IPEndPoint.Parse(options.Target);
    private readonly IPAddress[] _from = [.. options.From.Select(IPAddress.Parse)];
    private readonly SortedDictionary<string, long> _reasons = [];
    private readonly long _started = Stopwatch.GetTimestamp();
    private long _phaseStarted = Stopwatch.GetTimestamp();
    private int _phase;
    private int _open;
    private int _broken;
    private long _bytes;
    private long _answered;
    private long _refused;
    private long _probesSent;
    private long _probesAnswered;
    private TimeSpan _longestStall;
    private TimeSpan _slowestNew;
    private TimeSpan _probeGap;

    // When each of the last probes was sent, by its number; the highest number that was answered.
    private readonly long[] _probeSent = new long[1 << 16];
    private long _probeAnswered;

    // When each open stream last brought something; 0 is none that is open.
    private readonly long[] _lastRead = new long[options.Streams];

    /// <summary>What it has seen so far.</summary>
    public WitnessFigures Figures
    {
        get
        {
            lock (_lock)
            {
                // Who has heard nothing for long may never hear anything again.
                long now = Stopwatch.GetTimestamp();
                long quietest = _lastRead.Where(time => time != 0).DefaultIfEmpty(now).Min();
                return new()
                {
                    Seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds,
                    Phase = _phase,
                    Open = _open,
                    Broken = _broken,
                    Bytes = _bytes,
                    LongestStall = Longer(_longestStall, Stopwatch.GetElapsedTime(quietest, now)).TotalMilliseconds,
                    Answered = _answered,
                    Refused = _refused,
                    SlowestNew = _slowestNew.TotalMilliseconds,
                    ProbesSent = _probesSent,
                    ProbesAnswered = _probesAnswered,
                    ProbeGap = Longer(_probeGap, Unanswered(_probesSent, now)).TotalMilliseconds,
                    Reasons = new(_reasons),
                };
            }
        }
    }

    /// <summary>Forgets the longest times, and begins to measure them anew.</summary>
    public void BeginPhase()
    {
        lock (_lock)
        {
            _phase++;
            _phaseStarted = Stopwatch.GetTimestamp();
            _longestStall = _slowestNew = _probeGap = TimeSpan.Zero;
        }
    }

    /// <summary>Watches until cancelled.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        List<Task> tasks = [.. Enumerable.Range(0, options.Streams).Select(number => Task.Run(() => HoldAsync(number, stop), CancellationToken.None))];
        if (options.NewEveryMilliseconds > 0)
        {
            tasks.Add(Task.Run(() => OpenNewAsync(stop), CancellationToken.None));
        }

        if (options.ProbeTarget.Length > 0)
        {
            tasks.Add(Task.Run(() => ProbeAsync(stop), CancellationToken.None));
        }

        await Task.WhenAll(tasks).ConfigureAwait(false);
    }

    private async Task HoldAsync(int number, CancellationToken stop)
    {
        try
        {
            // A thousand SYNs at once would wait in the kernel's queues and look like stalls.
            await Task.Delay(number, stop).ConfigureAwait(false);
            using Socket connection = await ConnectAsync(number, stop).ConfigureAwait(false);
            await connection.SendAsync(Request(options.PauseMilliseconds, options.ChunkBytes), stop).ConfigureAwait(false);
            Interlocked.Increment(ref _open);
            try
            {
                await ReadAsync(number, connection, stop).ConfigureAwait(false);
            }
            finally
            {
                Interlocked.Decrement(ref _open);
                Volatile.Write(ref _lastRead[number], 0);
            }
        }
        catch (Exception problem) when (problem is SocketException or InvalidDataException or TimeoutException)
        {
            lock (_lock)
            {
                _broken++;
                Count($"stream: {problem.Message}");
            }
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }
    }

    private async Task ReadAsync(int number, Socket connection, CancellationToken stop)
    {
        byte[] buffer = new byte[16 * 1024];
        long last = Stopwatch.GetTimestamp();
        Volatile.Write(ref _lastRead[number], last);
        for (long place = 0; ;)
        {
            int read = await connection.ReceiveAsync(buffer.AsMemory(), stop).AsTask().WaitAsync(TimeSpan.FromSeconds(options.TimeoutSeconds), CancellationToken.None).ConfigureAwait(false);
            long now = Stopwatch.GetTimestamp();
            if (read == 0)
            {
                throw new InvalidDataException("ended by the real server");
            }

            for (int i = 0; i < read; i++)
            {
                if (buffer[i] != StreamServer.At(place + i))
                {
                    throw new InvalidDataException("wrong byte");
                }
            }

            place += read;
            lock (_lock)
            {
                _bytes += read;
                _lastRead[number] = now;
                _longestStall = Longer(_longestStall, Stopwatch.GetElapsedTime(last, now));
            }

            last = now;
        }
    }

    private async Task OpenNewAsync(CancellationToken stop)
    {
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(options.NewEveryMilliseconds));
        List<Task> under = [];
        try
        {
            for (int number = 0; await timer.WaitForNextTickAsync(stop).ConfigureAwait(false); number++)
            {
                int turn = number;
                under.RemoveAll(task => task.IsCompleted);
                under.Add(OpenOneAsync(turn, stop));
            }
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }

        await Task.WhenAll(under).ConfigureAwait(false);
    }

    private async Task OpenOneAsync(int number, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        end.CancelAfter(TimeSpan.FromSeconds(options.TimeoutSeconds));
        byte[] buffer = new byte[options.ChunkBytes];
        try
        {
            using Socket connection = await ConnectAsync(number, end.Token).ConfigureAwait(false);
            await connection.SendAsync(Request(-1, options.ChunkBytes), end.Token).ConfigureAwait(false);
            int length = 0;
            for (int read = 1; read > 0; length += read)
            {
                read = await connection.ReceiveAsync(buffer.AsMemory(Math.Min(length, buffer.Length - 1)), end.Token).ConfigureAwait(false);
            }

            lock (_lock)
            {
                if (length != options.ChunkBytes)
                {
                    _refused++;
                    Count("new: short answer");
                    return;
                }

                _answered++;
                if (start >= _phaseStarted)
                {
                    _slowestNew = Longer(_slowestNew, Stopwatch.GetElapsedTime(start));
                }
            }
        }
        catch (Exception problem) when (problem is SocketException or OperationCanceledException)
        {
            if (stop.IsCancellationRequested)
            {
                return;
            }

            lock (_lock)
            {
                _refused++;
                Count($"new: {(problem is OperationCanceledException ? "timed out" : problem.Message)}");
            }
        }
    }

    private async Task ProbeAsync(CancellationToken stop)
    {
        IPEndPoint target = IPEndPoint.Parse(options.ProbeTarget);
        using Socket socket = new(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        if (_from.Length > 0)
        {
            socket.Bind(new IPEndPoint(_from[0], 0));
        }

        await socket.ConnectAsync(target, CancellationToken.None).ConfigureAwait(false);
        // A thread of its own: what waits for the pool behind a thousand streams is no gap of the director's.
        Thread listener = new(() => Listen(socket, stop)) { IsBackground = true };
        listener.Start();
        using PeriodicTimer timer = new(TimeSpan.FromMilliseconds(options.ProbeEveryMilliseconds));
        byte[] probe = new byte[8];
        try
        {
            while (await timer.WaitForNextTickAsync(stop).ConfigureAwait(false))
            {
                lock (_lock)
                {
                    BinaryPrimitives.WriteInt64LittleEndian(probe, ++_probesSent);
                    _probeSent[_probesSent % _probeSent.Length] = Stopwatch.GetTimestamp();
                }

                try
                {
                    await socket.SendAsync(probe, stop).ConfigureAwait(false);
                }
                catch (SocketException)
                {
                    // An ICMP error or no neighbour: the gap tells.
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Asked to stop.
        }

        socket.Dispose();
        listener.Join();
    }

    private void Listen(Socket socket, CancellationToken stop)
    {
        byte[] buffer = new byte[64];
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (socket.Receive(buffer) != sizeof(long))
                {
                    continue;
                }
            }
            catch (SocketException)
            {
                continue;
            }
            catch (ObjectDisposedException)
            {
                return;
            }

            long number = BinaryPrimitives.ReadInt64LittleEndian(buffer);
            long now = Stopwatch.GetTimestamp();
            lock (_lock)
            {
                _probesAnswered++;
                if (number > _probeAnswered && number <= _probesSent)
                {
                    _probeGap = Longer(_probeGap, Unanswered(number, now));
                    _probeAnswered = number;
                }
            }
        }
    }

    /// <summary>How long, at a time, the first probe after the last answered one has waited; nothing when none up to a number has.</summary>
    private TimeSpan Unanswered(long number, long now) =>
        number > _probeAnswered ? Stopwatch.GetElapsedTime(_probeSent[(_probeAnswered + 1) % _probeSent.Length], now) : TimeSpan.Zero;

    private static byte[] Request(int pause, int chunk)
    {
        byte[] request = new byte[StreamServer.RequestLength];
        BinaryPrimitives.WriteInt32LittleEndian(request, pause);
        BinaryPrimitives.WriteInt32LittleEndian(request.AsSpan(4), chunk);
        return request;
    }

    private async Task<Socket> ConnectAsync(int turn, CancellationToken stop)
    {
        Socket connection = new(_target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (_from.Length > 0)
            {
                connection.SetRawSocketOption(IpLevel, BindAddressNoPort, BitConverter.GetBytes(1));
                connection.Bind(new IPEndPoint(_from[turn % _from.Length], 0));
            }

            await connection.ConnectAsync(_target, stop).ConfigureAwait(false);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private void Count(string reason) => _reasons[reason] = _reasons.GetValueOrDefault(reason) + 1;

    private static TimeSpan Longer(TimeSpan one, TimeSpan other) => one > other ? one : other;
}
