using System.Collections.Immutable;
using System.Net.Sockets;
using System.Text.Json;
using Director.Forwarding;

namespace Director.Control;

/// <summary>A local command's end of the control socket.</summary>
internal sealed class ControlClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly StreamReader _reader;
    private readonly NetworkStream _stream;
    private readonly string _path;

    private ControlClient(Socket socket, string path)
    {
        _path = path;
        _stream = new NetworkStream(socket, ownsSocket: true)
        {
            ReadTimeout = (int)Patience.TotalMilliseconds,
            WriteTimeout = (int)Patience.TotalMilliseconds,
        };
        _reader = new StreamReader(_stream);
    }

    /// <summary>Connects to the running director.</summary>
    /// <exception cref="OperatorException">None runs, or it may not be asked.</exception>
    public static ControlClient Connect(string path)
    {
        Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(path));
            return new ControlClient(socket, path);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new OperatorException(failure.SocketErrorCode == SocketError.AccessDenied
                ? $"Permission denied for {path} (you must be root)"
                : $"no director runs here (nothing listens on {path}): start one with 'director run --config FILE'");
        }
        catch (ArgumentException)
        {
            socket.Dispose();
            throw new OperatorException($"{path} is longer than the path of a UNIX socket may be (107 bytes)");
        }
    }

    /// <summary>Asks and waits for the whole answer.</summary>
    /// <exception cref="OperatorException">The director went away, or does not understand.</exception>
    public ControlResponse Ask(ControlRequest request)
    {
        try
        {
            _stream.Write([.. JsonSerializer.SerializeToUtf8Bytes(request, ControlJson.Default.ControlRequest), (byte)'\n']);
            ControlResponse response = ReadResponse();
            ImmutableArray<ConnectionReport>.Builder connections = ImmutableArray.CreateBuilder<ConnectionReport>();
            connections.AddRange(response.Connections ?? []);
            while (response.More)
            {
                response = ReadResponse();
                connections.AddRange(response.Connections ?? []);
            }

            return response.Error == ControlError.BadRequest
                ? throw new OperatorException($"the director at {_path} did not understand: {response.Message}")
                : response with { Connections = connections.ToImmutable() };
        }
        catch (IOException)
        {
            throw new OperatorException($"the director at {_path} does not answer");
        }
        catch (JsonException)
        {
            throw new OperatorException($"what listens on {_path} is not a director of this version");
        }
    }

    public void Dispose() => _reader.Dispose();

    private ControlResponse ReadResponse() => _reader.ReadLine() is { } line
        ? JsonSerializer.Deserialize(line, ControlJson.Default.ControlResponse) ?? throw new JsonException()
        : throw new IOException();
}
