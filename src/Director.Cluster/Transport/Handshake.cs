using System.Buffers.Binary;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf;

namespace Director.Cluster.Transport;

/// <summary>How two directors find out that they belong together, before the first message. Every failure is a <see cref="PeerException"/>, or an <see cref="OperationCanceledException"/> when it took too long.</summary>
/// <param name="settings">What this director is.</param>
/// <param name="credentials">What it shows; null: it speaks without TLS.</param>
/// <param name="welcome">What it tells who comes.</param>
internal sealed class Handshake(TransportSettings settings, CredentialStore? credentials, Func<Welcome> welcome)
{
    private const int LongestGreeting = 1024;
    // The first byte of a TLS record with a handshake message or an alert (RFC 8446, 5.1).
    private const byte TlsHandshake = 22;
    private const byte TlsAlert = 21;

    /// <summary>Calls a director.</summary>
    /// <param name="host">A name or an address, an IPv6 one without brackets.</param>
    /// <param name="port">TCP port.</param>
    /// <param name="purpose">What for.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    /// <returns>The stream that messages follow on (none after a question), and what was answered.</returns>
    public async Task<(Stream Stream, Welcome Answer)> Call(string host, int port, Purpose purpose, CancellationToken cancellation)
    {
        var peer = HostPort(host, port);
        var own = credentials?.Current();
        var socket = await Connect(host, port, peer, cancellation).ConfigureAwait(false);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            stream = own is null ? await CallInTheClear(stream, peer, cancellation).ConfigureAwait(false) : await CallOverTls(stream, own, host, peer, cancellation).ConfigureAwait(false);
            await WriteGreeting(stream, new Hello { Cluster = settings.Cluster, Purpose = purpose }, cancellation).ConfigureAwait(false);
            Welcome answer;
            try
            {
                answer = await ReadGreeting(stream, Welcome.Parser, cancellation).ConfigureAwait(false);
            }
            catch (Exception broken) when (IsBroken(broken))
            {
                // In TLS 1.3 a server judges the client's certificate after the client is done (RFC 8446, 4.4.2).
                throw new PeerException(own is null ? $"{peer} broke the connection: its log says why" : $"{peer} broke the connection, most likely because it refused this director's certificate: its log says why", broken);
            }

            if (answer.Cluster != settings.Cluster)
            {
                throw new PeerException(OtherCluster(peer, answer.Cluster));
            }

            return (stream, answer);
        }
        catch
        {
            await stream.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>Answers who has come. The caller disposes of the socket when this fails.</summary>
    /// <returns>The stream that messages follow on; null when nothing follows.</returns>
    public async Task<Stream?> Answer(Socket socket, CancellationToken cancellation)
    {
        var peer = Name(((IPEndPoint)socket.RemoteEndPoint!).Address);
        Stream stream = new NetworkStream(socket, ownsSocket: true);
        try
        {
            var first = new byte[1];
            if (await socket.ReceiveAsync(first, SocketFlags.Peek, cancellation).ConfigureAwait(false) == 0)
            {
                return null;
            }

            stream = credentials is null
                ? await AnswerInTheClear(stream, first[0], peer, cancellation).ConfigureAwait(false)
                : await AnswerOverTls(stream, first[0], credentials.Current(), peer, cancellation).ConfigureAwait(false);
            var hello = await ReadGreeting(stream, Hello.Parser, cancellation).ConfigureAwait(false);
            await WriteGreeting(stream, welcome(), cancellation).ConfigureAwait(false);
            if (hello.Cluster != settings.Cluster)
            {
                throw new PeerException(OtherCluster(peer, hello.Cluster));
            }

            return hello.Purpose == Purpose.Association ? stream : null;
        }
        catch (Exception broken) when (IsBroken(broken))
        {
            throw new PeerException($"{peer} broke the connection before it had said who it is: its log may say why", broken);
        }
    }

    private static async Task<Socket> Connect(string host, int port, string peer, CancellationToken cancellation)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            SocketOptions.Set(socket);
            await socket.ConnectAsync(host, port, cancellation).ConfigureAwait(false);
            return socket;
        }
        catch (Exception failed)
        {
            socket.Dispose();
            throw failed switch
            {
                SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData } =>
                    new PeerException($"{peer} cannot be reached: the name {host} is not known here; name the director by its address, or put it into /etc/hosts", failed),
                SocketException refused => new PeerException($"{peer} cannot be reached: {refused.Message}; see that a director runs there and that no firewall is between", failed),
                _ => failed,
            };
        }
    }

    private async Task<Stream> CallOverTls(Stream stream, Credentials own, string host, string peer, CancellationToken cancellation)
    {
        string? flaw = null;
        SslStream tls = new(stream, leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions
                {
                    TargetHost = host,
                    ClientCertificateContext = own.Own,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    ApplicationProtocols = [WireFormat.Protocol],
                    AllowTlsResume = false,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => (flaw = own.Judge(certificate as X509Certificate2, peer, host)) is null,
                },
                cancellation).ConfigureAwait(false);
        }
        catch (Exception failed) when (IsBroken(failed) || failed is AuthenticationException)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw new PeerException(flaw ?? NoTlsWith(peer, failed), failed);
        }

        if (tls.NegotiatedApplicationProtocol != WireFormat.Protocol)
        {
            await tls.DisposeAsync().ConfigureAwait(false);
            throw new PeerException($"{peer} speaks TLS but is no director");
        }

        return tls;
    }

    private static async Task<Stream> AnswerOverTls(Stream stream, byte first, Credentials own, string peer, CancellationToken cancellation)
    {
        if (first != TlsHandshake)
        {
            throw new PeerException($"{peer} spoke without TLS: it has cluster.insecure = on, or is no director");
        }

        string? flaw = null;
        SslStream tls = new(stream, leaveInnerStreamOpen: false);
        try
        {
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions
                {
                    ServerCertificateContext = own.Own,
                    ClientCertificateRequired = true,
                    EnabledSslProtocols = SslProtocols.Tls13,
                    ApplicationProtocols = [WireFormat.Protocol],
                    AllowTlsResume = false,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                    RemoteCertificateValidationCallback = (_, certificate, _, _) => (flaw = own.Judge(certificate as X509Certificate2, peer, host: null)) is null,
                },
                cancellation).ConfigureAwait(false);
        }
        catch (Exception failed) when (IsBroken(failed) || failed is AuthenticationException)
        {
            throw new PeerException(flaw ?? NoTlsWith(peer, failed), failed);
        }

        return tls.NegotiatedApplicationProtocol == WireFormat.Protocol ? tls : throw new PeerException($"{peer} speaks TLS but is no director");
    }

    private static async Task<Stream> CallInTheClear(Stream stream, string peer, CancellationToken cancellation)
    {
        await stream.WriteAsync(WireFormat.Line, cancellation).ConfigureAwait(false);
        string line;
        try
        {
            line = await ReadLine(stream, cancellation).ConfigureAwait(false);
        }
        catch (Exception broken) when (IsBroken(broken))
        {
            throw new PeerException($"{peer} broke the connection: it may ask for TLS, which this director does not speak with cluster.insecure = on", broken);
        }

        return line == WireFormat.Name ? stream : throw new PeerException(OtherFormat(peer, line));
    }

    private static async Task<Stream> AnswerInTheClear(Stream stream, byte first, string peer, CancellationToken cancellation)
    {
        if (first == TlsHandshake)
        {
            throw new PeerException($"{peer} spoke TLS, which this director does not with cluster.insecure = on: give all directors certificates, or none");
        }

        var line = await ReadLine(stream, cancellation).ConfigureAwait(false);
        await stream.WriteAsync(WireFormat.Line, cancellation).ConfigureAwait(false);
        return line == WireFormat.Name ? stream : throw new PeerException(OtherFormat(peer, line));
    }

    private static async Task<string> ReadLine(Stream stream, CancellationToken cancellation)
    {
        // A byte at a time, so that nothing behind the line is taken.
        var line = new byte[32];
        for (var length = 0; length < line.Length; length++)
        {
            await stream.ReadExactlyAsync(line.AsMemory(length, 1), cancellation).ConfigureAwait(false);
            if (line[length] == '\n')
            {
                return System.Text.Encoding.ASCII.GetString(line, 0, length);
            }

            if (line[0] is TlsAlert or TlsHandshake)
            {
                break;
            }
        }

        return "";
    }

    private static async Task WriteGreeting(Stream stream, IMessage greeting, CancellationToken cancellation)
    {
        var bytes = new byte[sizeof(int) + greeting.CalculateSize()];
        BinaryPrimitives.WriteInt32BigEndian(bytes, bytes.Length - sizeof(int));
        greeting.WriteTo(bytes.AsSpan(sizeof(int)));
        await stream.WriteAsync(bytes, cancellation).ConfigureAwait(false);
        await stream.FlushAsync(cancellation).ConfigureAwait(false);
    }

    private static async Task<T> ReadGreeting<T>(Stream stream, MessageParser<T> parser, CancellationToken cancellation)
        where T : IMessage<T>
    {
        var bytes = new byte[sizeof(int)];
        await stream.ReadExactlyAsync(bytes, cancellation).ConfigureAwait(false);
        var length = BinaryPrimitives.ReadInt32BigEndian(bytes);
        if (length is < 0 or > LongestGreeting)
        {
            throw new InvalidDataException($"a greeting of {length} bytes");
        }

        bytes = new byte[length];
        await stream.ReadExactlyAsync(bytes, cancellation).ConfigureAwait(false);
        return parser.ParseFrom(bytes);
    }

    private static bool IsBroken(Exception failure) => failure is IOException or SocketException or InvalidProtocolBufferException or InvalidDataException or ObjectDisposedException;

    private static string NoTlsWith(string peer, Exception failed)
    {
        var reason = failed.GetBaseException().Message.ReplaceLineEndings(" ");
        return reason.Contains("no application protocol", StringComparison.OrdinalIgnoreCase) || reason.Contains("ALPN", StringComparison.OrdinalIgnoreCase)
            ? $"{peer} does not speak '{WireFormat.Name}': it is another version of director, one built on other packages, or none; run the same build on all directors"
            : $"no TLS 1.3 with {peer}: {reason}; its log may say more";
    }

    private static string OtherFormat(string peer, string line) => line.StartsWith("director/", StringComparison.Ordinal)
        ? $"{peer} speaks '{Printable(line)}' and this director '{WireFormat.Name}': run the same build on all directors"
        : $"{peer} does not speak '{WireFormat.Name}': it asks for TLS, which this director does not speak with cluster.insecure = on, or is no director";

    private string OtherCluster(string peer, string name) =>
        $"{peer} is of the cluster '{Printable(name)}' and this director of '{settings.Cluster}': set cluster.name to the same on all directors, or take it out of cluster.seeds";

    private static string Printable(string text) => new([.. text.Take(63).Select(static c => char.IsAsciiLetterOrDigit(c) || "-/. ".Contains(c, StringComparison.Ordinal) ? c : '?')]);

    private static string Name(IPAddress address) => (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();

    private static string HostPort(string host, int port) => host.Contains(':', StringComparison.Ordinal) ? $"[{host}]:{port}" : $"{host}:{port}";
}
