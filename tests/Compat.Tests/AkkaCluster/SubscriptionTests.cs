using Akka.Actor;
using Akka.Cluster;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Xunit;

namespace Compat.Tests.AkkaCluster;

[Collection(ClusterTests.Name)]
public sealed class SubscriptionTests : IAsyncLifetime
{
    private readonly ClusterSystem _system = new("akka.cluster.roles = [director]");
    private readonly ClusterSystem _other = new();
    private TestKit _kit = null!;

    public async Task InitializeAsync()
    {
        _kit = new Kit(_system.System);
        await _system.Cluster.JoinAsync(_system.Address).WaitAsync(ClusterSystem.Patience);
        await ClusterSystem.Eventually(() => _system.Cluster.State.Leader == _system.Address && _system.Cluster.State.RoleLeader("director") == _system.Address, _system.ToString);
    }

    public async Task DisposeAsync()
    {
        await _other.DisposeAsync();
        await _system.DisposeAsync();
    }

    [Fact]
    public void A_subscription_names_kinds_of_cluster_events()
    {
        Assert.Throws<ArgumentException>(() => _system.Cluster.Subscribe(_kit.TestActor));
        Assert.Throws<ArgumentException>(() => _system.Cluster.Subscribe(_kit.TestActor, typeof(string)));
        Assert.Throws<ArgumentException>(() => _system.Cluster.Subscribe(_kit.TestActor, typeof(ClusterEvent.CurrentClusterState)));
    }

    [Fact]
    public async Task By_default_it_begins_with_the_state()
    {
        _system.Cluster.Subscribe(_kit.TestActor, typeof(ClusterEvent.MemberUp));
        var state = Expect<ClusterEvent.CurrentClusterState>(_kit);
        Assert.Equal([_system.Address], state.Members.Select(member => member.Address));
        Assert.Equal(_system.Address, state.Leader);
        Assert.Equal(_system.Address, state.RoleLeader("director"));
        Assert.Equal([_system.Address], state.SeenBy);
        Assert.Empty(state.Unreachable);
        await Join();
        Assert.Equal(_other.Address, Expect<ClusterEvent.MemberUp>(_kit).Member.Address);
    }

    [Fact]
    public async Task It_can_begin_with_the_events_that_led_to_the_state()
    {
        _system.Cluster.Subscribe(
            _kit.TestActor, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.LeaderChanged), typeof(ClusterEvent.RoleLeaderChanged));
        Assert.Equal(_system.Address, Expect<ClusterEvent.MemberUp>(_kit).Member.Address);
        Assert.Equal(_system.Address, Expect<ClusterEvent.LeaderChanged>(_kit).Leader);
        var role = Expect<ClusterEvent.RoleLeaderChanged>(_kit);
        Assert.Equal(("director", _system.Address), (role.Role, role.Leader));
        await Join();
        Assert.Equal(_other.Address, Expect<ClusterEvent.MemberJoined>(_kit).Member.Address);
        Assert.Equal(_other.Address, Expect<ClusterEvent.MemberUp>(_kit).Member.Address);
    }

    [Fact]
    public async Task Only_what_was_asked_for_comes_until_it_is_called_off()
    {
        var leaders = _kit.CreateTestProbe();
        _system.Cluster.Subscribe(leaders.Ref, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.MemberUp), typeof(ClusterEvent.MemberRemoved));
        Expect<ClusterEvent.MemberUp>(leaders);
        var gone = _kit.CreateTestProbe();
        _system.Cluster.Subscribe(gone.Ref, typeof(ClusterEvent.MemberUp));
        Expect<ClusterEvent.CurrentClusterState>(gone);
        _system.Cluster.Unsubscribe(gone.Ref);
        _system.Cluster.Unsubscribe(leaders.Ref, typeof(ClusterEvent.MemberUp));
        await Join();
        await _other.Cluster.LeaveAsync().WaitAsync(ClusterSystem.Patience);
        Assert.Equal(_other.Address, Expect<ClusterEvent.MemberRemoved>(leaders).Member.Address);
        gone.ExpectNoMsg(TimeSpan.FromMilliseconds(200));
    }

    [Fact]
    public void The_state_is_sent_on_request()
    {
        _system.Cluster.SendCurrentClusterState(_kit.TestActor);
        Assert.Equal([_system.Address], Expect<ClusterEvent.CurrentClusterState>(_kit).Members.Select(member => member.Address));
    }

    [Fact]
    public async Task Who_is_told_of_a_member_finds_it_in_the_state_too()
    {
        _system.Cluster.Subscribe(_kit.TestActor, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.MemberJoined));
        await Join();
        Expect<ClusterEvent.MemberJoined>(_kit);
        await ClusterSystem.Eventually(() => _system.StatusOf(_other) is not null, _system.ToString);
    }

    [Fact]
    public void The_end_of_the_cluster_is_told()
    {
        // An actor of the system that leaves would be stopped with it, perhaps between the two.
        var witness = new Kit(_other.System);
        _system.Cluster.Subscribe(witness.TestActor, ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.ClusterShuttingDown), typeof(ClusterEvent.MemberRemoved));
        _system.Cluster.Leave(_system.Address);
        Assert.Same(ClusterEvent.ClusterShuttingDown.Instance, Expect<ClusterEvent.ClusterShuttingDown>(witness));
        Assert.Equal(_system.Address, Expect<ClusterEvent.MemberRemoved>(witness).Member.Address);
    }

    private static T Expect<T>(TestKitBase from) => from.ExpectMsg<T>(ClusterSystem.Patience);

    private Task Join()
    {
        _other.Cluster.Join(_system.Address);
        return ClusterSystem.AllUp(_system, _other);
    }

    private sealed class Kit(ActorSystem system) : TestKit(system);
}
