using System.Net;
using System.Net.Sockets;
using Director.Health.Feedback.Protocol;
using Xunit;

namespace Director.Tests.Agent;

/// <summary>A director of which the tests say every word.</summary>
internal sealed class TestDirector : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private Socket? _agent;
    private SealedMessages? _messages;

    public TestDirector() => _listener.Start();

    public string Address => _listener.LocalEndpoint.ToString()!;

    /// <summary>Takes the agent's next connection and shakes hands.</summary>
    public async Task Greet(byte[] key)
    {
        using CancellationTokenSource patience = new(Patience);
        _agent?.Dispose();
        _agent = await _listener.AcceptSocketAsync(patience.Token);
        byte[] hello = await Receive(AgentHandshake.HelloBytes);
        Assert.Equal(ProtocolFault.None, AgentHandshake.Answer(key, hello, out byte[] answer, out _messages));
        await _agent.SendAsync(answer);
    }

    /// <summary>The agent's next message.</summary>
    public async Task<T> Next<T>()
        where T : AgentMessage => Assert.IsType<T>(await Next());

    /// <summary>The same of any kind.</summary>
    public async Task<AgentMessage> Next()
    {
        Assert.Equal(ProtocolFault.None, SealedMessages.Length(await Receive(SealedMessages.LengthBytes), out int length));
        Assert.Equal(ProtocolFault.None, _messages!.Open(await Receive(length), out ReadOnlySpan<byte> body));
        return Assert.IsAssignableFrom<AgentMessage>(MessageFormat.Read(body));
    }

    public async Task Say(params string[] refusals) => await _agent!.SendAsync(_messages!.Seal(MessageFormat.Write(new Heard([.. refusals]))));

    /// <summary>Breaks the connection.</summary>
    public void HangUp() => _agent!.Dispose();

    public void Dispose()
    {
        _agent?.Dispose();
        _listener.Dispose();
    }

    private async Task<byte[]> Receive(int length)
    {
        using CancellationTokenSource patience = new(Patience);
        byte[] buffer = new byte[length];
        for (int filled = 0; filled < length;)
        {
            int read = await _agent!.ReceiveAsync(buffer.AsMemory(filled), patience.Token);
            Assert.NotEqual(0, read);
            filled += read;
        }

        return buffer;
    }
}
