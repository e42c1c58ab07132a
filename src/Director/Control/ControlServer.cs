using System.Buffers;
using System.IO.Pipelines;
using System.Net.Sockets;
using System.Text.Json;
using System.Collections.Immutable;
using Director.Forwarding;

namespace Director.Control;

/// <summary>
/// Listens for local commands. A client may send several requests, one a line, and gets its answers in order. Whatever it sends, however slowly it reads, only its own
/// connection suffers: lines, waiting times and the number of clients have limits.
/// </summary>
internal sealed class ControlServer : IAsyncDisposable
{
    /// <summary>A longer request is refused, in bytes.</summary>
    public const int LongestRequest = 64 * 1024;

    /// <summary>Clients beyond this are turned away.</summary>
    public const int MostClients = 256;

    private const int ConnectionsInOneLine = 4096;
    private static readonly byte[] EndOfLine = "\n"u8.ToArray();

    private readonly Socket _listener;
    private readonly string _path;
    private readonly IControlled _controlled;
    private readonly Action<string> _log;
    private readonly TimeSpan _patience;
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _lock = new();
    private readonly HashSet<Task> _clients = [];
    private readonly Task _accepting;

    private ControlServer(Socket listener, string path, IControlled controlled, Action<string> log, TimeSpan patience)
    {
        _listener = listener;
        _path = path;
        _controlled = controlled;
        _log = log;
        _patience = patience;
        _accepting = Accept();
    }

    /// <summary>Takes the path and listens. The socket of a killed director is taken over.</summary>
    /// <param name="path">Where; only the process's user may use it.</param>
    /// <param name="controlled">What answers.</param>
    /// <param name="log">Told what the operator should know, a line at a time.</param>
    /// <param name="patience">How long a client may take to send a request or to read an answer; null is 30 seconds.</param>
    /// <exception cref="OperatorException">Another director listens there, or the path cannot be used.</exception>
    public static ControlServer Listen(string path, IControlled controlled, Action<string> log, TimeSpan? patience = null)
    {
        RefuseSecond(path);
        Socket listener = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            // Bound under another name and moved, so that the mode is right before anybody can connect.
            string unfinished = $"{path}.{Environment.ProcessId}";
            File.Delete(unfinished);
            listener.Bind(new UnixDomainSocketEndPoint(unfinished));
            File.SetUnixFileMode(unfinished, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            listener.Listen(MostClients);
            File.Move(unfinished, path, overwrite: true);
        }
        catch (Exception failure) when (failure is SocketException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            listener.Dispose();
            throw new OperatorException($"cannot listen on {path}: {Reason(path, failure)}; name another path with --socket");
        }

        return new ControlServer(listener, path, controlled, log, patience ?? TimeSpan.FromSeconds(30));
    }

    /// <summary>Makes sure that no director listens on the path, nor anything else is there.</summary>
    /// <exception cref="OperatorException">There is.</exception>
    public static void RefuseSecond(string path)
    {
        if (!File.Exists(path))
            return;
        if (new FileInfo(path).Length > 0)
            throw new OperatorException($"{path} is there and is not a director's socket: remove it, or name another path with --socket");
        using Socket probe = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            probe.Connect(new UnixDomainSocketEndPoint(path));
        }
        catch (SocketException refused) when (refused.SocketErrorCode == SocketError.ConnectionRefused)
        {
            return;
        }
        catch (SocketException)
        {
        }

        throw new OperatorException($"a director already runs here: it listens on {path}; stop it first, or name another path with --socket");
    }

    /// <summary>Stops listening, ends all clients and removes the socket.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Dispose();
        await _accepting;
        Task[] clients;
        lock (_lock)
            clients = [.. _clients];
        await Task.WhenAll(clients);
        File.Delete(_path);
        _stop.Dispose();
    }

    private static string Reason(string path, Exception failure) => failure switch
    {
        _ when Path.GetDirectoryName(Path.GetFullPath(path)) is { } directory && !Directory.Exists(directory) => $"there is no directory {directory}",
        ArgumentException => "the path is longer than a UNIX socket's may be (107 bytes)",
        _ => failure.Message.ReplaceLineEndings(" ").TrimEnd('.'),
    };

    private async Task Accept()
    {
        while (!_stop.IsCancellationRequested)
        {
            Socket client;
            try
            {
                client = await _listener.AcceptAsync(_stop.Token);
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (SocketException failure)
            {
                // Out of descriptors, most likely; it may pass.
                _log($"control socket: cannot accept: {failure.Message}");
                await Task.Delay(TimeSpan.FromSeconds(1), _stop.Token).ContinueWith(static _ => { }, TaskScheduler.Default);
                continue;
            }

            lock (_lock)
            {
                if (_clients.Count >= MostClients)
                {
                    client.Dispose();
                    continue;
                }

                Task serving = Task.Run(() => Serve(client));
                _clients.Add(serving);
                _ = serving.ContinueWith(Forget, TaskScheduler.Default);
            }
        }
    }

    private void Forget(Task client)
    {
        lock (_lock)
            _clients.Remove(client);
    }

    private async Task Serve(Socket client)
    {
        using NetworkStream stream = new(client, ownsSocket: true);
        PipeReader reader = PipeReader.Create(stream);
        try
        {
            while (await ReadLine(reader) is { } line)
            {
                if (!await Answer(line, stream))
                    return;
            }
        }
        catch (Exception gone) when (gone is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The client went away, was too slow, or the director stops: nothing to tell anybody.
        }
        finally
        {
            await reader.CompleteAsync();
        }
    }

    /// <returns>Null at the end; an empty array for a line that is too long.</returns>
    private async Task<byte[]?> ReadLine(PipeReader reader)
    {
        using CancellationTokenSource timer = Timer();
        while (true)
        {
            ReadResult read = await reader.ReadAsync(timer.Token);
            if (read.Buffer.PositionOf((byte)'\n') is { } end)
            {
                ReadOnlySequence<byte> line = read.Buffer.Slice(0, end);
                byte[] bytes = line.Length <= LongestRequest ? line.ToArray() : [];
                reader.AdvanceTo(read.Buffer.GetPosition(1, end));
                return bytes;
            }

            bool isTooLong = read.Buffer.Length > LongestRequest;
            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (isTooLong)
                return [];
            if (read.IsCompleted)
                return null;
        }
    }

    /// <returns>Whether the client may send another request.</returns>
    private async Task<bool> Answer(byte[] line, Stream stream)
    {
        ControlRequest? request = null;
        string? problem = line.Length == 0 ? $"a request is a line of at most {LongestRequest} bytes" : null;
        try
        {
            if (problem is null)
                request = JsonSerializer.Deserialize(line, ControlJson.Default.ControlRequest);
        }
        catch (Exception unreadable) when (unreadable is JsonException or NotSupportedException or ArgumentException)
        {
            problem = unreadable.Message.ReplaceLineEndings(" ");
        }

        if (request is null)
        {
            await Write(stream, ControlResponse.Refused(ControlError.BadRequest, problem ?? "a request is a JSON object"));
            return false;
        }

        if (request.Version != ControlRequest.CurrentVersion)
        {
            string both = $"the director speaks version {ControlRequest.CurrentVersion} of the control protocol, the command version {request.Version}";
            await Write(stream, ControlResponse.Refused(ControlError.BadRequest, $"{both}: use the command that came with the director"));
            return false;
        }

        ControlResponse response;
        try
        {
            response = await _controlled.Handle(request, _stop.Token);
        }
        catch (Exception defect) when (defect is not OperationCanceledException)
        {
            _log($"control socket: {request.GetType().Name} failed: {defect}");
            response = ControlResponse.Refused(ControlError.Failed, $"{defect.GetType().Name}: {defect.Message.ReplaceLineEndings(" ")}");
        }

        await Write(stream, response);
        return true;
    }

    private async Task Write(Stream stream, ControlResponse response)
    {
        if (response.Connections is not { Length: > ConnectionsInOneLine } connections)
        {
            await WriteLine(stream, response);
            return;
        }

        for (int from = 0; from < connections.Length; from += ConnectionsInOneLine)
        {
            int length = Math.Min(ConnectionsInOneLine, connections.Length - from);
            ImmutableArray<ConnectionReport> part = connections.Slice(from, length);
            await WriteLine(stream, response with { Connections = part, More = from + length < connections.Length });
        }
    }

    private async Task WriteLine(Stream stream, ControlResponse response)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(response, ControlJson.Default.ControlResponse), .. EndOfLine];
        using CancellationTokenSource timer = Timer();
        await stream.WriteAsync(line, timer.Token);
    }

    private CancellationTokenSource Timer()
    {
        CancellationTokenSource timer = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
        timer.CancelAfter(_patience);
        return timer;
    }
}
