using Director.Cluster.Availability;
using Director.Cluster.Formation;
using Xunit;

namespace Director.Cluster.Tests.Formation;

public sealed class MeetingTests
{
    private static readonly ClusterIdentity Older = new(Guid.NewGuid(), DateTimeOffset.UnixEpoch);
    private static readonly ClusterIdentity Younger = new(Guid.NewGuid(), DateTimeOffset.UnixEpoch.AddMilliseconds(1));

    private readonly Meeting _meeting = new();

    [Fact]
    public void The_younger_gives_up_after_a_while_and_the_older_never()
    {
        Assert.False(Sees(Older, Younger, 0));
        Assert.False(Sees(Older, Younger, 4.9));
        Assert.True(Sees(Older, Younger, 5));
        Meeting older = new();
        Assert.All(Enumerable.Range(0, 60), second => Assert.False(older.GivesUp(Answer(Younger), Older, TimeSpan.FromSeconds(second))));
    }

    [Fact]
    public void A_difference_that_passes_is_no_other_cluster()
    {
        Assert.False(Sees(Older, Younger, 0));
        Assert.False(Sees(Younger, Younger, 2));
        Assert.False(Sees(Older, Younger, 4));
        Assert.False(Sees(null, Younger, 6));
        Assert.False(Sees(Older, Younger, 8));
        Assert.True(Sees(Older, Younger, 13));
    }

    [Fact]
    public void What_was_seen_before_a_silence_or_from_another_cluster_of_its_own_does_not_count()
    {
        Assert.False(Sees(Older, Younger, 0));
        Assert.False(Sees(Older, Younger, 16));
        Assert.False(Sees(Older, Younger with { Id = Guid.NewGuid() }, 21));
    }

    [Fact]
    public void Two_of_the_same_age_agree_on_one()
    {
        ClusterIdentity other = new(Guid.NewGuid(), Older.Formed);
        Assert.NotEqual(Formations.IsOlder(Older, other), Formations.IsOlder(other, Older));
    }

    private static DirectorAnswer Answer(ClusterIdentity? cluster) => new("a:1", "akka.tls://director@a:1", cluster);

    private bool Sees(ClusterIdentity? theirs, ClusterIdentity own, double second) => _meeting.GivesUp(Answer(theirs), own, TimeSpan.FromSeconds(second));
}
