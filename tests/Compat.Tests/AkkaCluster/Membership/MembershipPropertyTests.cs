using Akka.Cluster;
using Akka.Cluster.Membership;
using Xunit;

namespace Compat.Tests.AkkaCluster.Membership;

/// <summary>Laws that hold in whatever order things happen; each seed is another history.</summary>
public sealed class MembershipPropertyTests
{
    public static TheoryData<int> Seeds => [.. Enumerable.Range(1, 25)];

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Merging_views_is_commutative_associative_and_idempotent(int seed)
    {
        var cluster = RandomHistory(seed);
        Gossip[] views = [.. cluster.Nodes.SelectMany(node => node.History)];
        for (var i = 0; i < 200; i++)
        {
            var (a, b, c) = (cluster.Any(views), cluster.Any(views), cluster.Any(views));
            AssertSame(a.Merge(b), b.Merge(a));
            AssertSame(a.Merge(b).Merge(c), a.Merge(b.Merge(c)));
            AssertSame(a, a.Merge(a));
            AssertSame(a.Merge(b), a.Merge(b).Merge(b));
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Equal_versions_are_equal_views(int seed)
    {
        var cluster = RandomHistory(seed);
        foreach (var views in cluster.Nodes.SelectMany(node => node.History).GroupBy(view => view.Version.ToString()))
        {
            Assert.Single(views.Select(Content).Distinct());
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Views_converge_whatever_happened_before(int seed)
    {
        var cluster = RandomHistory(seed);
        cluster.Loss = 0;
        cluster.CutOff.Clear();
        cluster.StepUntil(
            () =>
            {
                // What failure detectors would say now, and an operator who downs whoever is gone.
                foreach (var node in cluster.Living)
                {
                    foreach (var member in node.View.Members.Values)
                    {
                        var isAlive = cluster.Living.Any(other => other.Self == member.UniqueAddress && other.View.Find(node.Self) is not null);
                        node.Membership.Observe(member.UniqueAddress, isAlive);
                        if (!isAlive)
                        {
                            node.Membership.Down(member.Address);
                        }
                    }
                }

                return cluster.Living.All(node => node.View.Members.Values.All(member => member.Status == MemberStatus.Up) && node.View.IsConverged(node.Self, new HashSet<UniqueAddress>()));
            },
            "convergence");
        foreach (var node in cluster.Living)
        {
            foreach (var member in node.View.Members.Keys)
            {
                AssertSame(node.View, cluster.Living.Single(other => other.Self == member).View);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void A_removed_member_never_returns(int seed)
    {
        var cluster = RandomHistory(seed);
        foreach (var node in cluster.Nodes)
        {
            var removed = new HashSet<UniqueAddress>();
            for (var i = 1; i < node.History.Count; i++)
            {
                removed.UnionWith(node.History[i - 1].Members.Keys.Except(node.History[i].Members.Keys));
                Assert.Empty(removed.Intersect(node.History[i].Members.Keys));
            }
        }

        Gossip[] views = [.. cluster.Nodes.SelectMany(node => node.History)];
        foreach (var node in cluster.Nodes)
        {
            var merged = views.Aggregate(node.View, (at, view) => at.Merge(view));
            Assert.Empty(merged.Tombstones.Keys.Intersect(merged.Members.Keys));
            Assert.Empty(merged.Tombstones.Keys.Intersect(merged.Version.Changes.Keys));
        }
    }

    [Theory]
    [MemberData(nameof(Seeds))]
    public void Statuses_only_go_forward_and_ages_stay(int seed)
    {
        var cluster = RandomHistory(seed);
        MemberStatus[] order = [MemberStatus.Joining, MemberStatus.WeaklyUp, MemberStatus.Up, MemberStatus.Leaving, MemberStatus.Exiting, MemberStatus.Down];
        foreach (var node in cluster.Nodes)
        {
            for (var i = 1; i < node.History.Count; i++)
            {
                foreach (var member in node.History[i].Members.Values.Where(member => node.History[i - 1].Find(member.UniqueAddress) is not null))
                {
                    var before = node.History[i - 1].Find(member.UniqueAddress);
                    Assert.True(Array.IndexOf(order, before.Status) <= Array.IndexOf(order, member.Status));
                    Assert.True(member.UpNumber <= before.UpNumber);
                }
            }
        }
    }

    /// <summary>Five nodes join, talk, lose messages, are cut off, leave, are downed and start again.</summary>
    private static VirtualCluster RandomHistory(int seed)
    {
        var cluster = new VirtualCluster(seed, "akka.cluster.retry-unsuccessful-join-after = 2s") { Loss = seed % 4 };
        var first = cluster.Start(1, "director");
        first.Membership.Join(first.Self.Address);
        for (var port = 2; port <= 5; port++)
        {
            cluster.Start(port, port % 2 == 0 ? "director" : "other").Membership.Join(first.Self.Address);
        }

        for (var step = 0; step < 60; step++)
        {
            cluster.Step();
            if (!cluster.Living.Skip(1).Any())
            {
                break;
            }

            var (one, other) = (cluster.Any(cluster.Living), cluster.Any(cluster.Nodes));
            if (cluster.Chance(15))
            {
                one.Membership.Observe(other.Self, isReachable: false);
            }

            if (cluster.Chance(30))
            {
                VirtualCluster.Observe([one], other, other.IsRunning);
            }

            if (cluster.Chance(3))
            {
                one.Membership.Leave(other.Self.Address);
            }

            if (cluster.Chance(3))
            {
                one.Membership.Down(other.Self.Address);
            }

            if (cluster.Chance(4))
            {
                cluster.Start(other.Self.Address.Port!.Value, "director").Membership.Join(one.Self.Address);
            }

            if (cluster.Chance(5))
            {
                cluster.CutOff.Add(one);
            }

            if (cluster.Chance(10))
            {
                cluster.CutOff.Clear();
            }
        }

        return cluster;
    }

    private static void AssertSame(Gossip expected, Gossip actual)
    {
        Assert.Equal(Content(expected), Content(actual));
        Assert.Equal(expected.Version.ToString(), actual.Version.ToString());
        Assert.Equal(expected.Seen, actual.Seen);
    }

    private static string Content(Gossip view) => string.Join(
        Environment.NewLine,
        view.Members.Values.Select(member => member.ToString())
            .Concat(view.Reachability.Observers.Select(one => $"{one.Key} {one.Value.Version}: {string.Join(",", one.Value.NotReachable)}"))
            .Concat(view.Tombstones.Keys.Select(node => node.ToString())));
}
