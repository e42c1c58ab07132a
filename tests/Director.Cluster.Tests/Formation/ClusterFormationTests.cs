using System.Net.Sockets;
using Director.Cluster.Tests.Transport;
using Director.Configuration;
using Xunit;
using static Director.Cluster.Tests.Formation.TestDirectors;

namespace Director.Cluster.Tests.Formation;

/// <summary>Real actor systems over real TLS on loopback: how directors come together.</summary>
public sealed class ClusterFormationTests : IAsyncLifetime
{
    private readonly TestDirectors _directors = new();

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _directors.DisposeAsync();

    [Fact]
    public async Task A_cluster_forms_when_the_last_seed_starts_first()
    {
        var seeds = _directors.Seeds(3);
        var third = _directors.Start(3, seeds);
        var second = _directors.Start(2, seeds);
        var first = _directors.Start(1, seeds);
        await AreOneCluster(first, second, third);
        Assert.Equal(3, first.Starts + second.Starts + third.Starts);
    }

    [Fact]
    public async Task A_cluster_forms_while_the_first_seed_is_dead_and_takes_it_in_when_it_comes()
    {
        var seeds = _directors.Seeds(3);
        var third = _directors.Start(3, seeds);
        var second = _directors.Start(2, seeds);
        await AreOneCluster(second, third);
        Assert.Contains(second.Log, line => line == $"warning: {_directors.HostPort(1)} cannot be reached: Connection refused; see that a director runs there and that no firewall is between");
        Assert.Single(second.Log, line => line.Contains(_directors.HostPort(1), StringComparison.Ordinal));
        var first = _directors.Start(1, seeds);
        await AreOneCluster(first, second, third);
    }

    [Fact]
    public async Task A_director_alone_makes_a_cluster_after_the_wait()
    {
        var director = _directors.Start(1, _directors.Seeds(2), cluster => cluster with { SeedWait = TimeSpan.FromSeconds(1) });
        await AreOneCluster(director);
        Assert.Contains("cluster: making one: no other director answered within 1 s", director.Log);
    }

    [Fact]
    public async Task A_stranger_is_not_let_in_and_is_named_once()
    {
        using TestAuthority others = new();
        var first = _directors.Start(1, _directors.Seeds(2), cluster => cluster with { SeedWait = TimeSpan.FromSeconds(3) });
        var address = _directors.HostPort(2).Split(':')[0];
        var files = others.Issue("stranger", address);
        var stranger = _directors.Start(
            2, _directors.Seeds(2), cluster => cluster with { Certificate = files.Certificate, PrivateKey = files.PrivateKey, SeedWait = TimeSpan.FromSeconds(3) });
        await AreOneCluster(first);
        await AreOneCluster(stranger);
        Assert.Single(first.Log, line => line.StartsWith($"warning: certificate of {_directors.HostPort(2)} is not under this cluster's authority", StringComparison.Ordinal));
        // Connections from loopback come from another address.
        Assert.Single(first.Log, line => line.StartsWith("warning: certificate of 127.0.0.1 is not under this cluster's authority", StringComparison.Ordinal));
        Assert.Equal(_directors.HostPort(1), Assert.Single(first.Up));
    }

    [Fact]
    public async Task Without_seeds_a_director_is_a_cluster_of_one_and_opens_no_port()
    {
        var director = _directors.Start(1, []);
        await Eventually(() => director.Up.Length == 1, () => string.Join('\n', director.Log));
        using TcpClient client = new();
        var refused = await Assert.ThrowsAsync<SocketException>(() => client.ConnectAsync(_directors.HostPort(1).Split(':')[0], 2551));
        Assert.Equal(SocketError.ConnectionRefused, refused.SocketErrorCode);
        Assert.DoesNotContain(director.Log, line => line.StartsWith("warning", StringComparison.Ordinal) || line.StartsWith("error", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Without_certificates_a_director_clusters_on_loopback_only_and_says_so()
    {
        static ClusterConfiguration WithoutCertificate(ClusterConfiguration cluster) => cluster with { Certificate = "", PrivateKey = "", Authority = "" };
        var seeds = _directors.Seeds(2);
        var first = _directors.Start(1, seeds, WithoutCertificate);
        var second = _directors.Start(2, seeds, WithoutCertificate);
        await AreOneCluster(first, second);
        Assert.Contains("warning: cluster: directors speak without TLS (on loopback): who reaches port 2551 can read and forge what they say", first.Log);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_said_in_one_line()
    {
        var first = _directors.Start(1, _directors.Seeds(1));
        await AreOneCluster(first);
        var refused = Assert.Throws<InvalidOperationException>(() => _directors.Start(1, _directors.Seeds(1)));
        Assert.Equal($"cluster: cannot listen on {_directors.HostPort(1)}: Address already in use; cluster.hostname is an address of this host and cluster.port is free", refused.Message);
    }
}
