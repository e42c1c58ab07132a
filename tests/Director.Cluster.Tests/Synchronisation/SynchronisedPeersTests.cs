using System.Collections.Immutable;
using System.Net;
using Director.Cluster.Availability;
using Director.Cluster.Synchronisation;
using Director.Configuration;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.Synchronisation;

/// <summary>Who is a peer of synchronisation, by heartbeat and configuration.</summary>
public sealed class SynchronisedPeersTests
{
    [Fact]
    public void Peers_are_the_others_that_are_heard_and_take_connections()
    {
        HeardDirectors heard = new(Heard("a", 1, "10.0.0.1:2552"), [Heard("b", 7, "10.0.0.2:2552"), Heard("c", 8, null)]);
        Assert.Equal([new SynchronisationPeer("b", 7, IPEndPoint.Parse("10.0.0.2:2552"))], SynchronisedPeers.Of(heard).AsEnumerable());
    }

    [Theory]
    [InlineData("0.0.0.0:2552", "10.0.0.9", "10.0.0.9:2552")]
    [InlineData("[::]:2552", "2001:db8::9", "[2001:db8::9]:2552")]
    [InlineData("0.0.0.0:2552", null, null)]
    public void One_that_listens_everywhere_is_reached_where_its_heartbeats_come_from(string listens, string? from, string? reached)
    {
        HeardDirector other = Heard("b", 7, listens) with { Address = from is null ? null : IPAddress.Parse(from) };
        ImmutableArray<SynchronisationPeer> peers = SynchronisedPeers.Of(new HeardDirectors(Heard("a", 1, null), [other]));
        Assert.Equal(reached is null ? [] : [IPEndPoint.Parse(reached)], peers.Select(peer => peer.EndPoint));
    }

    [Fact]
    public void Without_a_key_or_with_mode_off_there_is_none()
    {
        DirectorConfiguration alone = new();
        Assert.Null(SynchronisedPeers.Options(alone));
        DirectorConfiguration clustered = alone with { Name = "a", Cluster = new ClusterConfiguration { Name = "lab", Key = [1, 2, 3], Hostname = "10.0.0.1" } };
        SynchronisationOptions options = SynchronisedPeers.Options(clustered)!;
        Assert.Equal(("a", "lab", IPEndPoint.Parse("10.0.0.1:2552"), SynchronisedConnections.Full, 16 << 20), (options.Name, options.Cluster, options.EndPoint, options.Mode, options.BufferBytes));
        Assert.Null(SynchronisedPeers.Options(clustered with { Synchronisation = new SynchronisationConfiguration { Mode = SynchronisationMode.Off } }));
        SynchronisationOptions other = SynchronisedPeers.Options(
            clustered with { Synchronisation = new SynchronisationConfiguration { Mode = SynchronisationMode.Ipvs, Address = IPAddress.Parse("10.1.1.1"), Port = 9, Adoption = TimeSpan.Zero } })!;
        Assert.Equal((SynchronisedConnections.Ipvs, IPEndPoint.Parse("10.1.1.1:9"), TimeSpan.Zero), (other.Mode, other.EndPoint, other.Adoption));
    }

    private static HeardDirector Heard(string name, ulong boot, string? synchronisation) => new()
    {
        Name = name,
        Boot = boot,
        Started = DateTimeOffset.UnixEpoch,
        Synchronisation = synchronisation is null ? null : IPEndPoint.Parse(synchronisation),
    };
}
