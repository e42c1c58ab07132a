using Director.Cluster.Availability;
using Director.Cluster.Formation;
using Xunit;

namespace Director.Cluster.Tests.Formation;

public sealed class FormationsTests
{
    [Fact]
    public void A_role_is_read_as_it_was_written()
    {
        ClusterIdentity identity = new(Guid.NewGuid(), DateTimeOffset.FromUnixTimeMilliseconds(1_795_411_799_780));
        Assert.Equal(identity, Formations.Read(Formations.Role(identity)));
    }

    [Theory]
    [InlineData("director")]
    [InlineData("formed-")]
    [InlineData("formed-1-2-3")]
    [InlineData("formed--1-fd04e87570394632998af38aa121b621")]
    [InlineData("formed-99999999999999999-fd04e87570394632998af38aa121b621")]
    [InlineData("formed-1-xyz")]
    public void Other_roles_say_nothing(string role) => Assert.Null(Formations.Read(role));
}
