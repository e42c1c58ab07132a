using Akka.Actor;
using Akka.Cluster;
using Akka.Configuration;
using Xunit;

namespace Compat.Tests.AkkaCluster;

[Collection(ClusterTests.Name)]
public sealed class FormationTests : IAsyncDisposable
{
    private readonly List<ClusterSystem> _systems = [];

    public async ValueTask DisposeAsync()
    {
        foreach (var system in _systems)
        {
            await system.DisposeAsync();
        }
    }

    [Fact]
    public async Task Alone_it_is_in_no_cluster_until_it_joins_itself()
    {
        var system = Start("akka.cluster.roles = [director]");
        Assert.Equal(MemberStatus.Removed, system.Cluster.SelfMember.Status);
        Assert.False(system.Cluster.IsTerminated);
        Assert.Empty(system.Members);
        Assert.Null(system.Cluster.State.Leader);
        Assert.Equal(["director"], system.Cluster.SelfRoles);

        await system.Cluster.JoinAsync(system.Address).WaitAsync(ClusterSystem.Patience);
        Assert.Equal(MemberStatus.Up, system.Cluster.SelfMember.Status);
        await ClusterSystem.Eventually(() => system.Cluster.State.Leader == system.Address, system.ToString);
        Assert.Equal(system.Address, system.Cluster.State.RoleLeader("director"));
        Assert.Equal([system.Address], system.Members.Select(member => member.Address));
        Assert.Equal(system.Cluster.SelfUniqueAddress, system.Cluster.SelfMember.UniqueAddress);
    }

    [Theory]
    [InlineData(0, 1, 2, 3, 4)]
    [InlineData(4, 3, 2, 1, 0)]
    [InlineData(2, 0, 4, 1, 3)]
    public async Task Systems_form_one_cluster_in_any_order(params int[] order)
    {
        var systems = Enumerable.Range(0, 5).Select(_ => Start()).ToArray();
        Address[] seeds = [.. systems.Take(3).Select(system => system.Address)];
        foreach (var one in order)
        {
            systems[one].Cluster.JoinSeedNodes(seeds);
            if (one == order[1])
            {
                // The first ones have time to form what they can.
                await Task.Delay(700);
            }
        }

        await ClusterSystem.AllUp(systems);
        var first = systems.Select(system => system.Address).Order(Member.AddressOrdering).First();
        Assert.All(systems, system => Assert.Equal(first, system.Cluster.State.Leader));
        await AssertAgesAgree(systems);
    }

    [Fact]
    public async Task Only_the_first_seed_makes_a_new_cluster()
    {
        var (first, second) = (Start(), Start());
        Address[] seeds = [first.Address, second.Address];
        second.Cluster.JoinSeedNodes(seeds);
        await Task.Delay(2000);
        Assert.Empty(second.Members);

        first.Cluster.JoinSeedNodes(seeds);
        await ClusterSystem.AllUp(first, second);
        Assert.True(first.Cluster.SelfMember.IsOlderThan(second.Cluster.SelfMember));
    }

    [Fact]
    public async Task The_first_seed_joins_the_others_when_they_have_a_cluster()
    {
        var (first, second) = (Start(), Start());
        await second.Cluster.JoinAsync(second.Address).WaitAsync(ClusterSystem.Patience);
        first.Cluster.JoinSeedNodes([first.Address, second.Address]);
        await ClusterSystem.AllUp(first, second);
        Assert.True(second.Cluster.SelfMember.IsOlderThan(first.Cluster.SelfMember));
    }

    [Fact]
    public async Task Seeds_that_are_gone_do_not_keep_it_from_joining_one_that_lives()
    {
        var (living, joining, gone) = (Start(), Start(), Start());
        await gone.Kill();
        await living.Cluster.JoinAsync(living.Address).WaitAsync(ClusterSystem.Patience);
        await joining.Cluster.JoinSeedNodesAsync([gone.Address, living.Address]).WaitAsync(ClusterSystem.Patience);
        Assert.Equal(MemberStatus.Up, joining.Cluster.SelfMember.Status);
        await ClusterSystem.AllUp(living, joining);
    }

    [Fact]
    public async Task Joining_is_tried_until_somebody_is_there()
    {
        var (joining, late) = (Start(), Start());
        await late.Kill();
        joining.Cluster.Join(late.Address);
        var again = Start(port: late.Port);
        again.Cluster.Join(again.Address);
        await ClusterSystem.AllUp(joining, again);
    }

    [Fact]
    public async Task Joining_nobody_fails()
    {
        var (joining, gone) = (Start(), Start());
        await gone.Kill();
        using var soon = new CancellationTokenSource(300);
        var failure = await Assert.ThrowsAsync<ClusterJoinFailedException>(() => joining.Cluster.JoinAsync(gone.Address, soon.Token).WaitAsync(ClusterSystem.Patience));
        Assert.Contains(gone.Address.ToString(), failure.Message);

        await joining.Kill();
        await ClusterSystem.Eventually(() => joining.Cluster.IsTerminated, joining.ToString);
        await Assert.ThrowsAsync<ClusterJoinFailedException>(() => joining.Cluster.JoinAsync(joining.Address).WaitAsync(ClusterSystem.Patience));
    }

    [Fact]
    public async Task A_system_of_another_name_is_not_let_in()
    {
        var (system, stranger) = (Start(), new ClusterSystem(name: "stranger"));
        _systems.Add(stranger);
        await system.Cluster.JoinAsync(system.Address).WaitAsync(ClusterSystem.Patience);
        stranger.Cluster.Join(system.Address);
        await Task.Delay(1000);
        Assert.Equal([system.Address], system.Members.Select(member => member.Address));
        Assert.Empty(stranger.Members);
    }

    [Fact]
    public async Task Nobody_is_up_before_as_many_are_there_as_it_takes()
    {
        const string config = "akka.cluster.min-nr-of-members = 3\nakka.cluster.roles = [director]\nakka.cluster.role.director.min-nr-of-members = 3";
        var systems = Enumerable.Range(0, 3).Select(_ => Start(config)).ToArray();
        systems[0].Cluster.Join(systems[0].Address);
        systems[1].Cluster.Join(systems[0].Address);
        await ClusterSystem.Eventually(() => systems.Take(2).All(system => system.Members.Count() == 2), () => string.Join("; ", systems.AsEnumerable()));
        await Task.Delay(500);
        Assert.All(systems.Take(2).SelectMany(system => system.Members), member => Assert.Equal(MemberStatus.Joining, member.Status));

        systems[2].Cluster.Join(systems[1].Address);
        await ClusterSystem.AllUp(systems);
    }

    [Fact]
    public async Task Each_role_has_a_leader_of_its_own()
    {
        var (one, other) = (Start("akka.cluster.roles = [director, spare]"), Start("akka.cluster.roles = [director]"));
        one.Cluster.Join(one.Address);
        other.Cluster.Join(one.Address);
        await ClusterSystem.AllUp(one, other);
        foreach (var system in new[] { one, other })
        {
            var state = system.Cluster.State;
            Assert.Equal(state.Leader, state.RoleLeader("director"));
            Assert.Equal(one.Address, state.RoleLeader("spare"));
            Assert.Null(state.RoleLeader("nobody's"));
            Assert.True(state.AllRoles.SetEquals(["director", "spare"]));
            Assert.Equal([one.Address], state.Members.Where(member => member.HasRole("spare")).Select(member => member.Address));
        }
    }

    [Fact]
    public async Task Callbacks_run_when_it_is_up_and_at_once_if_it_is_already()
    {
        var system = Start();
        var up = new TaskCompletionSource();
        system.Cluster.RegisterOnMemberUp(up.SetResult);
        Assert.False(up.Task.IsCompleted);
        system.Cluster.Join(system.Address);
        await up.Task.WaitAsync(ClusterSystem.Patience);
        var again = new TaskCompletionSource();
        system.Cluster.RegisterOnMemberUp(again.SetResult);
        await again.Task.WaitAsync(ClusterSystem.Patience);
    }

    [Fact]
    public void A_system_without_the_clusters_provider_has_no_cluster()
    {
        using var system = ActorSystem.Create("local", "akka.loglevel = OFF\nakka.stdout-loglevel = OFF");
        Assert.Throws<ConfigurationException>(() => Cluster.Get(system));
    }

    [Fact]
    public void A_downing_provider_that_is_none_keeps_the_system_from_starting() =>
        Assert.ThrowsAny<Exception>(() => Start("akka.cluster.downing-provider-class = \"Nowhere.Nothing, Nowhere\""));

    [Fact]
    public async Task Configured_seeds_are_joined_without_a_call()
    {
        var port = FreePort();
        var seeds = $"akka.cluster.seed-nodes = [\"akka.tcp://cluster@127.0.0.1:{port}\"]";
        await ClusterSystem.AllUp(Start(seeds, port), Start(seeds));
    }

    /// <summary>Every system orders the members by age alike, each after those that it saw up before.</summary>
    private static async Task AssertAgesAgree(ClusterSystem[] systems)
    {
        IEnumerable<Address> ByAge(ClusterSystem system) => system.Members.Order(Member.AgeOrdering).Select(member => member.Address);
        await ClusterSystem.Eventually(
            () => systems.All(system => ByAge(system).SequenceEqual(ByAge(systems[0]))), () => string.Join("; ", systems.Select(system => string.Join(",", ByAge(system)))));
        var oldest = systems[0].Members.Order(Member.AgeOrdering).First();
        Assert.All(systems[0].Members.Where(member => !member.Equals(oldest)), member => Assert.True(oldest.IsOlderThan(member) && !member.IsOlderThan(oldest)));
    }

    private static int FreePort()
    {
        using var listener = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        listener.Start();
        return ((System.Net.IPEndPoint)listener.LocalEndpoint).Port;
    }

    private ClusterSystem Start(string config = "", int port = 0)
    {
        var system = new ClusterSystem(config, port);
        _systems.Add(system);
        return system;
    }
}
