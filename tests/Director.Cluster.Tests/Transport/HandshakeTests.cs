using System.Collections.Concurrent;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using Director.Cluster.Transport;
using Xunit;

namespace Director.Cluster.Tests.Transport;

/// <summary>Two directors that meet, over real sockets and real TLS: what each of them is told.</summary>
public sealed class HandshakeTests : IDisposable
{
    private const string Caller = "127.0.0.1";

    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private readonly TestAuthority _authority = new();
    private readonly TestAuthority _stranger = new();
    private readonly Socket _listener = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
    private readonly CancellationTokenSource _deadline = new(Deadline);
    // Held: one that nobody holds any more is reset when the garbage is collected, and its other end loses what it has not read.
    private readonly ConcurrentBag<IDisposable> _ends = [];

    public HandshakeTests()
    {
        _listener.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        _listener.Listen();
    }

    private int Port => ((IPEndPoint)_listener.LocalEndPoint!).Port;

    private string Server => $"127.0.0.1:{Port}";

    public void Dispose()
    {
        _listener.Dispose();
        _deadline.Dispose();
        foreach (var end in _ends)
        {
            end.Dispose();
        }

        _authority.Dispose();
        _stranger.Dispose();
    }

    [Fact]
    public async Task Directors_of_one_authority_speak_with_each_other()
    {
        var (called, answered) = await Meet(Of(_authority, "a"), Of(_authority, "b"), Purpose.Association);
        Assert.Equal("akka.tls://director@b:2551", called.Answer!.Address);
        await called.Stream!.WriteAsync("hello"u8.ToArray(), _deadline.Token);
        var bytes = new byte[5];
        await answered.Stream!.ReadExactlyAsync(bytes, _deadline.Token);
        Assert.Equal("hello"u8, bytes);
        Assert.Equal(SslProtocols.Tls13, Assert.IsType<SslStream>(answered.Stream).SslProtocol);
        Assert.True(((SslStream)answered.Stream).IsMutuallyAuthenticated);
    }

    [Fact]
    public async Task Who_asks_is_told_and_nothing_follows()
    {
        var (called, answered) = await Meet(Of(_authority, "a"), Of(_authority, "b"), Purpose.Question);
        Assert.Equal("akka.tls://director@b:2551", called.Answer!.Address);
        Assert.Null(answered.Stream);
        Assert.Null(answered.Refusal);
    }

    [Fact]
    public async Task A_stranger_is_refused_by_both_ends()
    {
        var (called, answered) = await Meet(Of(_stranger, "a"), Of(_authority, "b"));
        Assert.Equal($"certificate of {Server} is not under this cluster's authority ({_stranger.AuthorityFile}): make it with 'director certificate director' under the same authority", called.Refusal);
        Assert.NotNull(answered.Refusal);
    }

    [Fact]
    public async Task A_stranger_that_believes_everybody_is_refused()
    {
        var trusting = Of(_stranger, "a");
        trusting = trusting with { Certificates = trusting.Certificates! with { Authority = _authority.AuthorityFile } };
        var (called, answered) = await Meet(trusting, Of(_authority, "b"));
        Assert.Equal($"certificate of {Caller} is not under this cluster's authority ({_authority.AuthorityFile}): make it with 'director certificate director' under the same authority", answered.Refusal);
        Assert.Equal($"{Server} broke the connection, most likely because it refused this director's certificate: its log says why", called.Refusal);
        Assert.Null(answered.Stream);
    }

    [Fact]
    public async Task No_certificate_is_refused()
    {
        var answering = Answer(Of(_authority, "b"));
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        await using SslStream tls = new(client.GetStream());
        await tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", ApplicationProtocols = [WireFormat.Protocol], RemoteCertificateValidationCallback = static (_, _, _, _) => true }, _deadline.Token);
        Assert.Equal($"{Caller} showed no certificate: set cluster.certificate there", (await answering).Refusal);
    }

    [Fact]
    public async Task A_certificate_that_has_ended_is_refused_with_its_date()
    {
        var expired = Settings() with { Certificates = _authority.Issue("b", "127.0.0.1", DateTimeOffset.UtcNow.AddMinutes(-30), days: 0) };
        var end = DateTimeOffset.UtcNow.AddMinutes(-30);
        var (called, _) = await Meet(Of(_authority, "a"), expired);
        Assert.Equal($"certificate of {Server} ended on {end:yyyy-MM-dd}: make a new one with 'director certificate'", called.Refusal);
        (_, var answered) = await Meet(expired, Of(_authority, "c"));
        Assert.Equal($"certificate of {Caller} ended on {end:yyyy-MM-dd}: make a new one with 'director certificate'", answered.Refusal);
    }

    [Fact]
    public async Task A_certificate_for_another_host_is_refused_by_who_calls()
    {
        var other = Settings() with { Certificates = _authority.Issue("b", "10.0.0.9") };
        var (called, _) = await Meet(Of(_authority, "a"), other);
        Assert.Equal($"certificate of {Server} does not name 127.0.0.1: make it with 'director certificate director ... --address 127.0.0.1'", called.Refusal);
    }

    [Fact]
    public async Task Another_cluster_is_refused_and_both_are_told()
    {
        var (called, answered) = await Meet(Of(_authority, "a"), Of(_authority, "b") with { Cluster = "paris" });
        Assert.Equal($"{Server} is of the cluster 'paris' and this director of 'director': set cluster.name to the same on all directors, or take it out of cluster.seeds", called.Refusal);
        Assert.Equal($"{Caller} is of the cluster 'director' and this director of 'paris': set cluster.name to the same on all directors, or take it out of cluster.seeds", answered.Refusal);
    }

    [Fact]
    public async Task Another_build_is_refused_and_both_are_told()
    {
        var answering = Answer(Of(_authority, "b"));
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        await using SslStream tls = new(client.GetStream());
        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsClientAsync(
            new SslClientAuthenticationOptions { TargetHost = "127.0.0.1", ApplicationProtocols = [new("director/1 other")], RemoteCertificateValidationCallback = static (_, _, _, _) => true }, _deadline.Token));
        Assert.Equal($"{Caller} does not speak '{WireFormat.Name}': it is another version of director, one built on other packages, or none; run the same build on all directors", (await answering).Refusal);
    }

    [Fact]
    public async Task Who_calls_another_build_is_told()
    {
        var calling = Call(Of(_authority, "a"), Purpose.Association);
        using var socket = await _listener.AcceptAsync(_deadline.Token);
        await using SslStream tls = new(new NetworkStream(socket));
        var files = _authority.Issue("b", "127.0.0.1");
        await Assert.ThrowsAnyAsync<Exception>(() => tls.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions { ServerCertificateContext = Credentials.Read(files).Own, ApplicationProtocols = [new("director/2 nuget")] }, _deadline.Token));
        Assert.Equal($"{Server} does not speak '{WireFormat.Name}': it is another version of director, one built on other packages, or none; run the same build on all directors", (await calling).Refusal);
    }

    [Fact]
    public async Task Plain_text_is_refused_by_who_has_certificates()
    {
        var (called, answered) = await Meet(Settings(), Of(_authority, "b"));
        Assert.Equal($"{Caller} spoke without TLS: it has cluster.insecure = on, or is no director", answered.Refusal);
        Assert.Equal($"{Server} broke the connection: it may ask for TLS, which this director does not speak with cluster.insecure = on", called.Refusal);
    }

    [Fact]
    public async Task Tls_is_refused_by_who_has_no_certificates()
    {
        var (called, answered) = await Meet(Of(_authority, "a"), Settings());
        Assert.Equal($"{Caller} spoke TLS, which this director does not with cluster.insecure = on: give all directors certificates, or none", answered.Refusal);
        Assert.StartsWith($"no TLS 1.3 with {Server}: ", called.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Directors_without_certificates_speak_with_each_other_where_that_is_asked_for()
    {
        var (called, answered) = await Meet(Settings(), Settings());
        await answered.Stream!.WriteAsync("hello"u8.ToArray(), _deadline.Token);
        var bytes = new byte[5];
        await called.Stream!.ReadExactlyAsync(bytes, _deadline.Token);
        Assert.Equal("hello"u8, bytes);
    }

    [Theory]
    [InlineData("director/1 other\n", "127.0.0.1 speaks 'director/1 other' and this director '{0}': run the same build on all directors")]
    [InlineData("GET / HTTP/1.1\r\n", "127.0.0.1 does not speak '{0}': it asks for TLS, which this director does not speak with cluster.insecure = on, or is no director")]
    [InlineData("XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX", "127.0.0.1 does not speak '{0}': it asks for TLS, which this director does not speak with cluster.insecure = on, or is no director")]
    public async Task Other_words_in_the_clear_are_refused(string said, string refusal)
    {
        var answering = Answer(Settings());
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        await client.GetStream().WriteAsync(System.Text.Encoding.ASCII.GetBytes(said), _deadline.Token);
        Assert.Equal(string.Format(System.Globalization.CultureInfo.InvariantCulture, refusal, WireFormat.Name), (await answering).Refusal);
    }

    [Theory]
    [InlineData(new byte[] { 0x7f, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0xff, 0xff, 0xff, 0xff })]
    [InlineData(new byte[] { 0, 0, 0, 3, 0xff, 0xff, 0xff })]
    public async Task A_greeting_that_is_none_is_refused_without_memory_for_it(byte[] greeting)
    {
        var answering = Answer(Settings());
        using TcpClient client = new();
        await client.ConnectAsync(IPAddress.Loopback, Port);
        await client.GetStream().WriteAsync(WireFormat.Line, _deadline.Token);
        await client.GetStream().WriteAsync(greeting, _deadline.Token);
        Assert.Equal($"{Caller} broke the connection before it had said who it is: its log may say why", (await answering).Refusal);
    }

    [Fact]
    public async Task Nobody_there_and_unknown_names_are_told_apart()
    {
        var port = Port;
        _listener.Dispose();
        Handshake handshake = new(Settings(), null, static () => new());
        var refused = await Assert.ThrowsAsync<PeerException>(() => handshake.Call("127.0.0.1", port, Purpose.Question, _deadline.Token));
        Assert.Equal($"127.0.0.1:{port} cannot be reached: Connection refused; see that a director runs there and that no firewall is between", refused.Message);
        refused = await Assert.ThrowsAsync<PeerException>(() => handshake.Call("no-such-host.invalid", port, Purpose.Question, _deadline.Token));
        Assert.Equal($"no-such-host.invalid:{port} cannot be reached: the name no-such-host.invalid is not known here; name the director by its address, or put it into /etc/hosts", refused.Message);
    }

    [Fact]
    public async Task Certificates_are_read_again_when_the_files_change()
    {
        var settings = Settings() with { Certificates = _authority.Issue("a", "10.0.0.9") };
        List<string> said = [];
        CredentialStore store = new(settings.Certificates, new(said.Add, TimeProvider.System));
        var first = store.Current();
        Assert.Same(first, store.Current());

        // A key that does not belong to the certificate: the director goes on with what it had.
        var next = _authority.Issue("next", "127.0.0.1");
        File.Copy(next.PrivateKey, settings.Certificates.PrivateKey, overwrite: true);
        File.SetLastWriteTimeUtc(settings.Certificates.PrivateKey, DateTime.UtcNow.AddMinutes(-1));
        Assert.Same(first, store.Current());
        Assert.EndsWith("; the last good ones stay in use", Assert.Single(said), StringComparison.Ordinal);

        File.Copy(next.Certificate, settings.Certificates.Certificate, overwrite: true);
        File.SetLastWriteTimeUtc(settings.Certificates.Certificate, DateTime.UtcNow.AddMinutes(-1));
        Assert.True(store.Current().Own.TargetCertificate.MatchesHostname("127.0.0.1"));
    }

    private static TransportSettings Settings() => new() { Hostname = "127.0.0.1", Port = 0, Cluster = "director" };

    private static TransportSettings Of(TestAuthority authority, string name) => Settings() with { Certificates = authority.Issue(name, "127.0.0.1") };

    private static CredentialStore? Store(TransportSettings settings) => settings.Certificates is { } files ? new(files, new(static _ => { }, TimeProvider.System)) : null;

    private async Task<(Outcome Called, Outcome Answered)> Meet(TransportSettings caller, TransportSettings server, Purpose purpose = Purpose.Association)
    {
        var answering = Answer(server);
        return (await Call(caller, purpose), await answering);
    }

    private async Task<Outcome> Call(TransportSettings settings, Purpose purpose)
    {
        try
        {
            var (stream, answer) = await new Handshake(settings, Store(settings), static () => new()).Call("127.0.0.1", Port, purpose, _deadline.Token);
            _ends.Add(stream);
            return new(stream, answer, null);
        }
        catch (PeerException refused)
        {
            return new(null, null, refused.Message);
        }
    }

    private async Task<Outcome> Answer(TransportSettings settings)
    {
        var socket = await _listener.AcceptAsync(_deadline.Token);
        _ends.Add(socket);
        try
        {
            Handshake handshake = new(settings, Store(settings), () => new() { Cluster = settings.Cluster, Address = "akka.tls://director@b:2551" });
            return new(await handshake.Answer(socket, _deadline.Token), null, null);
        }
        catch (PeerException refused)
        {
            socket.Dispose();
            return new(null, null, refused.Message);
        }
    }

    private sealed record Outcome(Stream? Stream, Welcome? Answer, string? Refusal);
}
