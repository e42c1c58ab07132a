using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Director.Health.Feedback;
using Director.Health.Feedback.Protocol;

namespace Director.Agent;

/// <summary>An agent's connection with one director: made again whenever it breaks, until the agent ends.</summary>
/// <param name="director"><c>host:port</c>.</param>
/// <param name="key">The shared key.</param>
/// <param name="registration">What the agent speaks for.</param>
/// <param name="answers">What it says now, a word for each service.</param>
/// <param name="interval">Between two reports.</param>
/// <param name="log">Takes lines.</param>
internal sealed class DirectorLink(string director, byte[] key, Registration registration, Func<ImmutableArray<AgentAnswer>> answers, TimeSpan interval, Action<string> log)
{
    private static readonly TimeSpan _farewell = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _registerAgain = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _firstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan _longestPause = TimeSpan.FromSeconds(10);

    private string _said = "";

    /// <summary>Reports until cancelled, and then takes its leave.</summary>
    public async Task Run(CancellationToken stop)
    {
        TimeSpan pause = _firstPause;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using Socket socket = await Connect(stop);
                SealedMessages messages = await Greet(socket, stop);
                await Register(socket, messages, stop);
                pause = _firstPause;
                await ReportUntil(socket, messages, stop);
                return;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure) when (failure is SocketException or IOException or OperationCanceledException)
            {
                SayOnce($"warning: director {director}: {(failure is OperationCanceledException ? "no answer in time" : failure.Message.ReplaceLineEndings(" "))}; trying again");
            }

            await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), stop).ContinueWith(static _ => { }, TaskScheduler.Default);
            pause = pause * 2 > _longestPause ? _longestPause : pause * 2;
        }
    }

    private async Task ReportUntil(Socket socket, SealedMessages messages, CancellationToken stop)
    {
        long registered = Environment.TickCount64;
        while (!stop.IsCancellationRequested)
        {
            await Say(socket, messages, new Report(answers()), ProtocolLimits.Handshake, CancellationToken.None);
            if (_said.Contains("refuses", StringComparison.Ordinal) && Environment.TickCount64 - registered > _registerAgain.TotalMilliseconds)
            {
                await Register(socket, messages, CancellationToken.None);
                registered = Environment.TickCount64;
            }

            await Task.Delay(interval, stop).ContinueWith(static _ => { }, TaskScheduler.Default);
        }

        await Say(socket, messages, new Farewell(), _farewell, CancellationToken.None);
    }

    private async Task<Socket> Connect(CancellationToken stop)
    {
        int colon = director.LastIndexOf(':');
        int port = int.Parse(director.AsSpan(colon + 1), System.Globalization.CultureInfo.InvariantCulture);
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(stop);
        late.CancelAfter(ProtocolLimits.Handshake);
        IPAddress[] addresses = await Dns.GetHostAddressesAsync(director[..colon].Trim('[', ']'), late.Token);
        IPAddress to = addresses.FirstOrDefault() ?? throw new IOException("its name has no address");
        Socket socket = new(to.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            Bind(socket);
            await socket.ConnectAsync(new IPEndPoint(to, port), late.Token);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>From the real server's own address where this host has it: directors let an agent speak for that alone.</summary>
    private void Bind(Socket socket)
    {
        if (registration.Services.FirstOrDefault(service => service.Address.AddressFamily == socket.AddressFamily) is not { } service)
            return;
        try
        {
            socket.Bind(new IPEndPoint(service.Address, 0));
        }
        catch (SocketException)
        {
            // Not an address of this host: routing chooses one.
        }
    }

    private async Task<SealedMessages> Greet(Socket socket, CancellationToken stop)
    {
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(stop);
        late.CancelAfter(ProtocolLimits.Handshake);
        byte[] hello = AgentHandshake.Hello();
        await socket.SendAsync(hello, late.Token);
        byte[] answer = new byte[AgentHandshake.AnswerBytes];
        await Fill(socket, answer, late.Token);
        return AgentHandshake.Check(key, hello, answer, out SealedMessages? messages) switch
        {
            ProtocolFault.None => messages!,
            ProtocolFault.Forged => throw new IOException("it has another key; key has to be the director's feedback.key"),
            ProtocolFault.OtherVersion => throw new IOException($"it speaks another version than {ProtocolLimits.Version}; run the same release"),
            _ => throw new IOException("it does not speak the agents' protocol; the port has to be that of feedback.listen"),
        };
    }

    private async Task Register(Socket socket, SealedMessages messages, CancellationToken stop)
    {
        Heard heard = await Say(socket, messages, registration, ProtocolLimits.Handshake, stop);
        string[] refusals = [.. heard.Refusals.Where(refusal => refusal.Length > 0)];
        SayOnce(refusals.Length == 0 ? $"director {director}: registered {string.Join(", ", registration.Services.Select(service => service.Service))}"
            : $"warning: director {director} refuses: {string.Join("; ", refusals)}");
    }

    private static async Task<Heard> Say(Socket socket, SealedMessages messages, AgentMessage message, TimeSpan within, CancellationToken stop)
    {
        using CancellationTokenSource late = CancellationTokenSource.CreateLinkedTokenSource(stop);
        late.CancelAfter(within);
        await socket.SendAsync(messages.Seal(MessageFormat.Write(message)), late.Token);
        byte[] length = new byte[SealedMessages.LengthBytes];
        await Fill(socket, length, late.Token);
        if (SealedMessages.Length(length, out int bytes) != ProtocolFault.None)
            throw new IOException("it sent a message of an impossible length");
        byte[] sealedBody = new byte[bytes];
        await Fill(socket, sealedBody, late.Token);
        return messages.Open(sealedBody, out ReadOnlySpan<byte> body) == ProtocolFault.None && MessageFormat.Read(body) is Heard heard
            ? heard
            : throw new IOException("its messages were changed on the way");
    }

    private static async Task Fill(Socket socket, Memory<byte> buffer, CancellationToken late)
    {
        for (int length = 0; length < buffer.Length;)
        {
            int read = await socket.ReceiveAsync(buffer[length..], late);
            length += read > 0 ? read : throw new IOException("it closed the connection");
        }
    }

    // Also what goes on for days is a line.
    private void SayOnce(string line)
    {
        if (line != _said)
            log(line);
        _said = line;
    }
}
