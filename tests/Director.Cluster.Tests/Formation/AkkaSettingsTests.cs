using Director.Cluster.Availability;
using Director.Cluster.Formation;
using Director.Configuration;
using Xunit;

namespace Director.Cluster.Tests.Formation;

public sealed class AkkaSettingsTests
{
    private static readonly ClusterIdentity Own = new(Guid.NewGuid(), DateTimeOffset.UnixEpoch);
    private static readonly ClusterConfiguration Certified = new() { Seeds = ["10.0.0.1:2551"], Certificate = "/c.pem", PrivateKey = "/c\"\\.key", Authority = "/a.pem", Hostname = "fd00::1", Port = 2600, Name = "paris" };

    [Fact]
    public void Everything_that_the_transport_needs_reaches_it()
    {
        var config = AkkaSettings.Create(Certified, "", Own).GetConfig("akka.remote.director");
        Assert.Equal(("/c.pem", "/c\"\\.key", "/a.pem"), (config.GetString("certificate"), config.GetString("private-key"), config.GetString("authority")));
        Assert.Equal(("[fd00::1]", 2600, "paris", 128_000L), (config.GetString("hostname"), config.GetInt("port"), config.GetString("cluster"), config.GetByteSize("maximum-frame-size")));
        Assert.Equal("Director.Cluster.Transport.DirectorTransport, Director.Cluster", config.GetString("transport-class"));
    }

    [Fact]
    public void The_operators_section_goes_before_ours_but_for_what_the_cluster_stands_on()
    {
        var config = AkkaSettings.Create(Certified, "akka { loglevel = DEBUG, cluster { gossip-interval = 2s, roles = [mine], downing-provider-class = \"\" } }", Own);
        Assert.Equal("DEBUG", config.GetString("akka.loglevel"));
        Assert.Equal(TimeSpan.FromSeconds(2), config.GetTimeSpan("akka.cluster.gossip-interval"));
        Assert.Equal(["director", Formations.Role(Own)], config.GetStringList("akka.cluster.roles"));
        Assert.StartsWith("Director.Cluster.Formation.FormationDowning, ", config.GetString("akka.cluster.downing-provider-class"), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_seeds_nothing_is_said_and_no_port_is_opened()
    {
        Assert.Equal(Speech.None, AkkaSettings.SpeechOf(new()));
        Assert.Null(AkkaSettings.Note(new()));
        Assert.StartsWith("Director.Cluster.Transport.AloneTransport, ", AkkaSettings.Create(Certified with { Seeds = [] }, "", Own).GetString("akka.remote.director.transport-class"), StringComparison.Ordinal);
    }

    [Fact]
    public void With_certificates_they_are_demanded_also_where_insecure_is_on()
    {
        Assert.Equal(Speech.Tls, AkkaSettings.SpeechOf(Certified with { Insecure = true, Hostname = "127.0.0.1" }));
        Assert.Null(AkkaSettings.Note(Certified));
    }

    [Theory]
    [InlineData("10.0.0.1", false, 0)]
    [InlineData("", false, 0)]
    [InlineData("10.0.0.1", true, 1)]
    [InlineData("127.0.0.1", false, 1)]
    [InlineData("::1", false, 1)]
    [InlineData("localhost", false, 1)]
    public void Without_certificates_directors_speak_on_loopback_or_where_it_is_asked_for_and_say_so(string hostname, bool insecure, int expected)
    {
        ClusterConfiguration cluster = new() { Seeds = ["10.0.0.1:2551"], Hostname = hostname, Insecure = insecure };
        Assert.Equal((Speech)expected, AkkaSettings.SpeechOf(cluster));
        Assert.StartsWith(expected == 0 ? "error: cluster: this director joins no other: it has no certificate." : "warning: cluster: directors speak without TLS (", AkkaSettings.Note(cluster), StringComparison.Ordinal);
    }
}
