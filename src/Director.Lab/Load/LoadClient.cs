using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Director.Lab.Load;

/// <summary>Many clients that ask a virtual service for a page again and again, and count what they get.</summary>
/// <param name="options">What to do.</param>
public sealed class LoadClient(LoadOptions options)
{
    // <linux/in.h>
    private const int IpLevel = 0;
    private const int BindAddressNoPort = 24;

    private static readonly TimeSpan _pauseAfterFailure = TimeSpan.FromMilliseconds(100);
    private readonly Lock _lock = new();
    private readonly LatencyHistogram _latency = new();
    private readonly SortedDictionary<string, long> _realServers = [];
    private readonly SortedDictionary<string, long> _failures = [];
    private readonly Dictionary<IPAddress, HashSet<string>> _served = [];
    private readonly byte[] _request = Encoding.ASCII.GetBytes(
        $"GET / HTTP/1.1\r\nHost: lab\r\nConnection: {(options.KeepAlive ? "keep-alive" : "close")}\r\n\r\n");
    private readonly IPEndPoint _target = options.Endpoint;
    private readonly IPAddress[] _from = [.. options.From.Select(IPAddress.Parse)];
    private long _started;
    private long _begun;
    private long _answered;
    private long _failed;
    private long _disguised;
    private double _longest;
    private int _open;

    /// <summary>What it has seen so far.</summary>
    public LoadFigures Figures
    {
        get
        {
            lock (_lock)
            {
                return new()
                {
                    Seconds = Stopwatch.GetElapsedTime(_started).TotalSeconds,
                    Answered = _answered,
                    Failed = _failed,
                    Open = _open,
                    RealServers = new(_realServers),
                    Failures = new(_failures),
                    Disguised = _disguised,
                    Scattered = _served.Values.Count(servers => servers.Count > 1),
                    Median = _latency.Percentile(0.5),
                    Percentile99 = _latency.Percentile(0.99),
                    Longest = _longest,
                };
            }
        }
    }

    /// <summary>Asks until the options' end, or until cancelled; a request under way is still brought to its end.</summary>
    /// <returns>The last figures.</returns>
    public async Task<LoadFigures> RunAsync(CancellationToken stop)
    {
        using CancellationTokenSource end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        _started = Stopwatch.GetTimestamp();
        if (options.Seconds > 0)
        {
            end.CancelAfter(TimeSpan.FromSeconds(options.Seconds));
        }

        await Task.WhenAll(Enumerable.Range(0, options.Clients).Select(number => Task.Run(() => AskAsync(number, end.Token), CancellationToken.None))).ConfigureAwait(false);
        return Figures with { IsLast = true };
    }

    private async Task AskAsync(int number, CancellationToken end)
    {
        byte[] buffer = new byte[4096];
        Socket? connection = null;
        await PauseAsync(end).ConfigureAwait(false);
        for (int turn = number; !end.IsCancellationRequested && Begin(); turn++)
        {
            long start = Stopwatch.GetTimestamp();
            string step = "connect";
            using CancellationTokenSource timeout = new(TimeSpan.FromSeconds(options.TimeoutSeconds));
            try
            {
                connection ??= await ConnectAsync(turn, timeout.Token).ConfigureAwait(false);
                step = "request";
                await connection.SendAsync(_request, timeout.Token).ConfigureAwait(false);
                step = "answer";
                string body = await ReceiveAsync(connection, buffer, timeout.Token).ConfigureAwait(false);
                Count(body, ((IPEndPoint)connection.LocalEndPoint!).Address, Stopwatch.GetElapsedTime(start));
                if (!options.KeepAlive)
                {
                    Close(ref connection);
                }

                await PauseAsync(end).ConfigureAwait(false);
            }
            catch (Exception problem) when (problem is SocketException or OperationCanceledException or InvalidDataException)
            {
                Close(ref connection);
                Fail($"{step}: {(problem is OperationCanceledException ? "timed out" : problem.Message)}");

                // A client that is refused does not ask ten thousand times a second.
                await Task.Delay(_pauseAfterFailure, CancellationToken.None).ConfigureAwait(false);
            }
        }

        Close(ref connection);
    }

    private async Task PauseAsync(CancellationToken end)
    {
        if (options.PauseSeconds > 0)
        {
            await Task.Delay(TimeSpan.FromSeconds(2 * options.PauseSeconds * Random.Shared.NextDouble()), end).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private bool Begin() => Interlocked.Increment(ref _begun) <= options.Requests || options.Requests == 0;

    private async Task<Socket> ConnectAsync(int turn, CancellationToken timeout)
    {
        Socket connection = new(_target.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            if (_from.Length > 0)
            {
                // Without it bind() takes a port at random: now and then one that a connection had a moment ago, which the director keeps with its real server.
                connection.SetRawSocketOption(IpLevel, BindAddressNoPort, BitConverter.GetBytes(1));
                connection.Bind(new IPEndPoint(_from[turn % _from.Length], 0));
            }

            await connection.ConnectAsync(_target, timeout).ConfigureAwait(false);
        }
        catch
        {
            connection.Dispose();
            throw;
        }

        Interlocked.Increment(ref _open);
        return connection;
    }

    private void Close(ref Socket? connection)
    {
        if (connection is not null)
        {
            connection.Dispose();
            connection = null;
            Interlocked.Decrement(ref _open);
        }
    }

    /// <summary>Reads an answer; the servers of the lab send one with Content-Length that fits the buffer.</summary>
    private async Task<string> ReceiveAsync(Socket connection, byte[] buffer, CancellationToken timeout)
    {
        for (int length = 0, read; ; length += read)
        {
            string answer = Encoding.ASCII.GetString(buffer, 0, length);
            int body = answer.IndexOf("\r\n\r\n", StringComparison.Ordinal) + 4;
            if (body >= 4 && length - body >= ContentLength(answer[..body]))
            {
                if (!options.KeepAlive)
                {
                    // The server closes first, so that it is not the client's ports that wait in TIME_WAIT.
                    await connection.ReceiveAsync(buffer, timeout).ConfigureAwait(false);
                }

                return answer.StartsWith("HTTP/1.1 200 ", StringComparison.Ordinal) ? answer[body..] : throw new InvalidDataException(answer.Split('\r')[0]);
            }

            read = await connection.ReceiveAsync(buffer.AsMemory(length), timeout).ConfigureAwait(false);
            if (read == 0)
            {
                throw new InvalidDataException("closed before its end");
            }
        }
    }

    private static int ContentLength(string head)
    {
        const string name = "\r\nContent-Length: ";
        int start = head.IndexOf(name, StringComparison.OrdinalIgnoreCase);
        return start >= 0 && int.TryParse(head.AsSpan(start + name.Length, head.IndexOf('\r', start + name.Length) - start - name.Length), out int length)
            ? length
            : throw new InvalidDataException("no Content-Length");
    }

    private void Count(string body, IPAddress client, TimeSpan duration)
    {
        string[] words = body.Split(' ', StringSplitOptions.TrimEntries);
        bool isDisguised = words.Length < 2 || !IPAddress.TryParse(words[1], out IPAddress? seen) || !seen.Equals(client);
        lock (_lock)
        {
            _answered++;
            _disguised += isDisguised ? 1 : 0;
            _realServers[words[0]] = _realServers.GetValueOrDefault(words[0]) + 1;
            if (!_served.TryGetValue(client, out HashSet<string>? servers))
            {
                _served[client] = servers = [];
            }

            servers.Add(words[0]);
            _latency.Add(duration);
            _longest = Math.Max(_longest, duration.TotalMilliseconds);
        }
    }

    private void Fail(string reason)
    {
        lock (_lock)
        {
            _failed++;
            _failures[reason] = _failures.GetValueOrDefault(reason) + 1;
        }
    }
}
