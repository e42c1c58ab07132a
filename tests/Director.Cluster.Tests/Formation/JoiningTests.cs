using Director.Cluster.Availability;
using Director.Cluster.Formation;
using Xunit;

namespace Director.Cluster.Tests.Formation;

public sealed class JoiningTests
{
    private const string A = "a:1";
    private const string B = "b:1";
    private const string C = "c:1";

    private static readonly TimeSpan SeedWait = TimeSpan.FromSeconds(10);
    private static readonly ClusterIdentity Older = new(Guid.NewGuid(), DateTimeOffset.UnixEpoch);
    private static readonly ClusterIdentity Younger = new(Guid.NewGuid(), DateTimeOffset.UnixEpoch.AddSeconds(1));

    private readonly Joining _b = new(Akka(B), SeedWait, TimeSpan.Zero);

    [Fact]
    public void A_cluster_that_exists_is_joined_through_all_of_it_that_answer()
    {
        _b.Heard(new(C, Akka(C), Older), Seconds(0));
        _b.Heard(new(A, Akka(A), Older), Seconds(0));
        Assert.Equal([Akka(A), Akka(C)], Assert.IsType<JoinStep.Join>(_b.Decide([A, B, C], Seconds(0))).Addresses.ToArray());
    }

    [Fact]
    public void Of_two_clusters_the_older_is_joined()
    {
        _b.Heard(new(A, Akka(A), Younger), Seconds(0));
        _b.Heard(new(C, Akka(C), Older), Seconds(0));
        Assert.Equal([Akka(C)], Assert.IsType<JoinStep.Join>(_b.Decide([A, B, C], Seconds(0))).Addresses.ToArray());
    }

    [Fact]
    public void A_join_is_repeated_when_it_takes_too_long_or_when_others_are_to_be_joined()
    {
        _b.Heard(new(A, Akka(A), Older), Seconds(0));
        Assert.NotNull(_b.Decide([A], Seconds(0)));
        Assert.Null(_b.Decide([A], Seconds(1)));
        _b.Heard(new(C, Akka(C), Older), Seconds(2));
        Assert.NotNull(_b.Decide([A], Seconds(2)));
        _b.Heard(new(A, Akka(A), Older), Seconds(12));
        _b.Heard(new(C, Akka(C), Older), Seconds(12));
        Assert.NotNull(_b.Decide([A], Seconds(12)));
    }

    [Fact]
    public void The_first_of_all_makes_a_cluster_as_soon_as_all_have_answered()
    {
        Joining a = new(Akka(A), SeedWait, TimeSpan.Zero);
        Assert.Null(a.Decide([B, C], Seconds(0)));
        a.Heard(new(B, Akka(B), null), Seconds(0.5));
        Assert.Null(a.Decide([B, C], Seconds(0.5)));
        a.Heard(new(C, Akka(C), null), Seconds(1));
        Assert.Equal(new JoinStep.Found("first of all directors"), a.Decide([B, C], Seconds(1)));
        Assert.Null(a.Decide([B, C], Seconds(1.25)));
    }

    [Fact]
    public void Who_is_not_first_waits_for_the_first()
    {
        _b.Heard(new(A, Akka(A), null), Seconds(1));
        Assert.Null(_b.Decide([A, C], Seconds(3)));
        _b.Heard(new(A, Akka(A), Older), Seconds(4));
        Assert.IsType<JoinStep.Join>(_b.Decide([A, C], Seconds(4)));
    }

    [Fact]
    public void Who_is_not_first_waits_no_longer_than_the_first_may_take()
    {
        foreach (var second in Enumerable.Range(0, 31))
        {
            _b.Heard(new(A, Akka(A), null), Seconds(second));
            Assert.Null(_b.Decide([A], Seconds(second)));
        }

        _b.Heard(new(A, Akka(A), null), Seconds(31));
        Assert.Equal(new JoinStep.Found("the directors that answer make none"), _b.Decide([A], Seconds(31)));
    }

    [Fact]
    public void While_the_first_seed_is_dead_the_first_of_those_that_answer_makes_a_cluster()
    {
        _b.Heard(new(C, Akka(C), null), Seconds(1));
        Assert.Null(_b.Decide([A, C], Seconds(1)));
        _b.Heard(new(C, Akka(C), null), Seconds(3));
        Assert.Equal(new JoinStep.Found("first of the directors that answer"), _b.Decide([A, C], Seconds(3)));
    }

    [Fact]
    public void An_answer_is_forgotten_when_none_follows()
    {
        _b.Heard(new(A, Akka(A), Older), Seconds(0));
        Assert.Null(_b.Decide([A], Seconds(3.1)));
    }

    [Fact]
    public void Who_joins_makes_no_cluster_while_the_one_that_it_asked_is_busy()
    {
        _b.Heard(new(A, Akka(A), Older), Seconds(9));
        Assert.IsType<JoinStep.Join>(_b.Decide([A], Seconds(9)));
        Assert.Null(_b.Decide([A], Seconds(18.9)));
        Assert.Equal(new JoinStep.Found("no other director answered within 10 s"), _b.Decide([A], Seconds(19)));
    }

    [Fact]
    public void Who_hears_nobody_makes_a_cluster_after_the_wait()
    {
        Assert.Null(_b.Decide([A, C], Seconds(9.9)));
        Assert.Equal(new JoinStep.Found("no other director answered within 10 s"), _b.Decide([A, C], Seconds(10)));
    }

    [Fact]
    public void A_director_that_knows_of_no_other_or_only_of_itself_does_not_wait()
    {
        Assert.Equal(new JoinStep.Found("there is no other"), _b.Decide([], Seconds(0)));
        Joining byName = new(Akka(B), SeedWait, TimeSpan.Zero);
        Assert.Null(byName.Decide(["lb2:1"], Seconds(0)));
        byName.Heard(new("lb2:1", Akka(B), null), Seconds(0.1));
        Assert.Equal(new JoinStep.Found("there is no other"), byName.Decide(["lb2:1"], Seconds(0.1)));
    }

    private static string Akka(string hostPort) => $"akka.tls://director@{hostPort}";

    private static TimeSpan Seconds(double seconds) => TimeSpan.FromSeconds(seconds);
}
