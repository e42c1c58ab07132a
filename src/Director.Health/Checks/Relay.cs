using System.Net;
using System.Net.Sockets;

namespace Director.Health.Checks;

/// <summary>
/// The connection of a client library that opens its sockets itself, carried over one of ours: so it comes from where the check is to come from, ends at the moment the check does, whatever the
/// library is busy with, and cannot fill the memory.
/// </summary>
internal sealed class Relay : IDisposable
{
    /// <summary>Most bytes that the real server may answer.</summary>
    public const int LongestAnswer = 4 * 1024 * 1024;

    /// <summary>What a check says when it was more.</summary>
    public static readonly string Overrun = $"answered more than {LongestAnswer >> 20} MB";

    // A library that finds no TLS, or no way in with it, may come once more without.
    private const int MostConnections = 2;

    private readonly CheckTarget _target;
    private readonly Socket _listener;
    private readonly CancellationTokenSource _end;
    private volatile Socket _outer;
    private volatile Socket? _inner;

    private Relay(CheckTarget target, Socket outer, CancellationToken cancellation)
    {
        _target = target;
        _outer = outer;
        _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen(1);
        Port = ((IPEndPoint)_listener.LocalEndPoint!).Port;
        _end = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _end.Token.Register(Cut);
    }

    /// <summary>Where the library is to connect to, on 127.0.0.1.</summary>
    public int Port { get; }

    /// <summary>Whether the real server answered too much, and was cut off.</summary>
    public bool IsOverrun { get; private set; }

    /// <summary>Connects to the target.</summary>
    /// <exception cref="SocketException">It cannot be reached.</exception>
    public static async Task<Relay> Open(CheckTarget target, CancellationToken cancellation)
    {
        var relay = new Relay(target, await TcpConnection.Open(target, cancellation).ConfigureAwait(false), cancellation);
        _ = relay.Carry(relay._end.Token);
        return relay;
    }

    /// <summary>Ends the connection.</summary>
    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }

    private async Task Carry(CancellationToken end)
    {
        try
        {
            for (var count = 1; count <= MostConnections && !IsOverrun; count++)
            {
                using var inner = await _listener.AcceptAsync(end).ConfigureAwait(false);
                using var outer = count == 1 ? _outer : await TcpConnection.Open(_target, end).ConfigureAwait(false);
                (_inner, _outer) = (inner, outer);
                end.ThrowIfCancellationRequested();
                inner.NoDelay = true;
                await Task.WhenAny(Copy(inner, outer, long.MaxValue), Copy(outer, inner, LongestAnswer)).ConfigureAwait(false);
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // Cut.
        }

        Cut();
    }

    private async Task Copy(Socket from, Socket to, long most)
    {
        try
        {
            var buffer = new byte[16 * 1024];
            for (var total = 0L; await from.ReceiveAsync(buffer).ConfigureAwait(false) is > 0 and var length;)
            {
                total += length;
                if (total > most)
                {
                    IsOverrun = true;
                    return;
                }

                for (var rest = buffer.AsMemory(0, length); !rest.IsEmpty;)
                {
                    rest = rest[await to.SendAsync(rest).ConfigureAwait(false)..];
                }
            }
        }
        catch (Exception error) when (error is SocketException or ObjectDisposedException)
        {
            // Cut.
        }
    }

    private void Cut()
    {
        _listener.Dispose();
        _outer.Dispose();
        _inner?.Dispose();
    }
}
