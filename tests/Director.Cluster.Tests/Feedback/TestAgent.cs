using System.Net;
using System.Net.Sockets;
using Director.Health.Feedback.Protocol;
using Xunit;

namespace Director.Cluster.Tests.Feedback;

/// <summary>An agent of which the tests send every byte.</summary>
internal sealed class TestAgent : IDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);
    private readonly Socket _socket;
    private SealedMessages? _messages;

    private TestAgent(Socket socket)
    {
        _socket = socket;
    }

    public static async Task<TestAgent> Connect(IPEndPoint to, IPAddress? from = null)
    {
        var socket = new Socket(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Bind(new IPEndPoint(from ?? IPAddress.Loopback, 0));
        await socket.ConnectAsync(to);
        return new(socket);
    }

    /// <summary>Connects and shakes hands.</summary>
    public static async Task<TestAgent> Greeted(IPEndPoint to, byte[] key, IPAddress? from = null)
    {
        var agent = await Connect(to, from);
        var hello = AgentHandshake.Hello();
        await agent.Send(hello);
        var answer = await agent.Receive(AgentHandshake.AnswerBytes);
        Assert.Equal(ProtocolFault.None, AgentHandshake.Check(key, hello, answer, out agent._messages));
        return agent;
    }

    public async Task Send(byte[] bytes) => await _socket.SendAsync(bytes);

    public byte[] Sealed(AgentMessage message) => _messages!.Seal(MessageFormat.Write(message));

    public byte[] SealedBytes(byte[] body) => _messages!.Seal(body);

    public async Task<Heard> Say(AgentMessage message)
    {
        await Send(Sealed(message));
        return await Answer();
    }

    public async Task<Heard> Answer()
    {
        Assert.Equal(ProtocolFault.None, SealedMessages.Length(await Receive(SealedMessages.LengthBytes), out var length));
        var message = await Receive(length);
        Assert.Equal(ProtocolFault.None, _messages!.Open(message, out var body));
        return Assert.IsType<Heard>(MessageFormat.Read(body));
    }

    public async Task<byte[]> Receive(int length)
    {
        using var patience = new CancellationTokenSource(s_patience);
        var buffer = new byte[length];
        for (var filled = 0; filled < length;)
        {
            var read = await _socket.ReceiveAsync(buffer.AsMemory(filled), patience.Token);
            Assert.NotEqual(0, read);
            filled += read;
        }

        return buffer;
    }

    /// <summary>Reads until the director has closed the connection.</summary>
    public async Task AwaitEnd()
    {
        using var patience = new CancellationTokenSource(s_patience);
        try
        {
            while (await _socket.ReceiveAsync(new byte[1024], patience.Token) > 0)
            {
            }
        }
        catch (SocketException)
        {
            // Closed with a reset: what was sent was not all read.
        }
    }

    public void Dispose() => _socket.Dispose();
}
