using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Cluster;
using Xunit;

namespace Compat.Tests.AkkaCluster;

[Collection(ClusterTests.Name)]
public sealed class DepartureTests : IAsyncDisposable
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
    public async Task A_killed_member_is_unreachable_everywhere_until_it_is_downed_and_removed()
    {
        var systems = await Form(4);
        var (killed, rest) = (systems[1], systems.Where((_, i) => i != 1).ToArray());
        var events = Record(rest[0]);
        await killed.Kill();
        await ClusterSystem.Eventually(() => rest.All(system => system.SeesUnreachable(killed)), () => Say(rest));
        Assert.All(rest, system => Assert.Equal(MemberStatus.Up, system.StatusOf(killed)));

        // Nobody is let in while a member is missed.
        var joining = Start();
        joining.Cluster.Join(rest[2].Address);
        await ClusterSystem.Eventually(() => rest.All(system => system.StatusOf(joining) is not null), () => Say(rest));
        await Task.Delay(700);
        Assert.All(rest, system => Assert.Equal(MemberStatus.Joining, system.StatusOf(joining)));

        rest[2].Cluster.Down(killed.Address);
        await ClusterSystem.AllUp([.. rest, joining]);
        ClusterEvent.IClusterDomainEvent[] seen = [.. events.Where(change => change is ClusterEvent.IReachabilityEvent || (change is ClusterEvent.MemberDowned or ClusterEvent.MemberRemoved && ((ClusterEvent.IMemberEvent)change).Member.Address == killed.Address))];
        Assert.IsType<ClusterEvent.UnreachableMember>(seen[0]);
        Assert.Single(seen.OfType<ClusterEvent.MemberDowned>());
        Assert.Equal(MemberStatus.Down, Assert.Single(seen.OfType<ClusterEvent.MemberRemoved>()).PreviousStatus);
        Assert.IsType<ClusterEvent.MemberRemoved>(seen[^1]);
    }

    [Fact]
    public async Task When_the_leader_dies_the_next_one_leads()
    {
        var systems = await Form(3);
        var leader = systems.Single(system => system.Address == systems[0].Cluster.State.Leader);
        ClusterSystem[] rest = [.. systems.Where(system => system != leader)];
        await leader.Kill();
        await ClusterSystem.Eventually(() => rest.All(system => system.SeesUnreachable(leader)), () => Say(rest));
        var next = rest.Select(system => system.Address).Order(Member.AddressOrdering).First();
        await ClusterSystem.Eventually(() => rest.All(system => system.Cluster.State.Leader == next), () => Say(rest));
        rest[0].Cluster.Down(leader.Address);
        await ClusterSystem.AllUp(rest);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task Of_a_pair_the_other_survives_whichever_dies(int dying)
    {
        var pair = await Form(2, EagerDowning.Configuration);
        var survivor = pair[1 - dying];
        await pair[dying].Kill();
        await ClusterSystem.AllUp(survivor);
        Assert.False(survivor.Cluster.IsTerminated);
    }

    [Fact]
    public async Task A_member_that_leaves_is_up_leaving_exiting_removed_and_then_ends()
    {
        var systems = await Form(3, "akka.cluster.failure-detector.acceptable-heartbeat-pause = 20s");
        var (leaving, rest) = (systems[2], systems[..2]);
        var events = Record(rest[0]);
        var removed = new TaskCompletionSource();
        leaving.Cluster.RegisterOnMemberRemoved(removed.SetResult);
        await leaving.Cluster.LeaveAsync().WaitAsync(ClusterSystem.Patience);
        Assert.True(leaving.Cluster.IsTerminated);
        await removed.Task.WaitAsync(ClusterSystem.Patience);
        await ClusterSystem.AllUp(rest);
        await leaving.System.WhenTerminated.WaitAsync(ClusterSystem.Patience);
        await ClusterSystem.Eventually(() => events.OfType<ClusterEvent.MemberRemoved>().Any(), () => string.Join("; ", events));
        Assert.Equal(
            [typeof(ClusterEvent.MemberLeft), typeof(ClusterEvent.MemberExited), typeof(ClusterEvent.MemberRemoved)],
            events.OfType<ClusterEvent.IMemberEvent>().Where(change => change.Member.Address == leaving.Address).Select(change => change.GetType()).Where(type => type != typeof(ClusterEvent.MemberUp)));
        Assert.Equal(MemberStatus.Exiting, events.OfType<ClusterEvent.MemberRemoved>().Single().PreviousStatus);
        Assert.DoesNotContain(events, change => change is ClusterEvent.UnreachableMember);
        await leaving.Cluster.LeaveAsync().WaitAsync(ClusterSystem.Patience);
    }

    [Fact]
    public async Task Any_member_can_send_another_away()
    {
        var systems = await Form(3);
        systems[0].Cluster.Leave(systems[1].Address);
        await ClusterSystem.AllUp(systems[0], systems[2]);
        await systems[1].System.WhenTerminated.WaitAsync(ClusterSystem.Patience);
    }

    [Fact]
    public async Task All_may_leave_one_after_the_other_and_the_last_alone()
    {
        var systems = await Form(3);
        for (var i = 0; i < 3; i++)
        {
            await CoordinatedShutdown.Get(systems[i].System).Run(CoordinatedShutdown.ClrExitReason.Instance).WaitAsync(ClusterSystem.Patience);
            Assert.True(systems[i].Cluster.IsTerminated);
            if (i < 2)
            {
                await ClusterSystem.AllUp(systems[(i + 1)..]);
            }
        }
    }

    [Fact]
    public async Task A_living_member_that_is_downed_ends_and_the_others_forget_it()
    {
        var systems = await Form(3);
        var removed = new TaskCompletionSource();
        systems[2].Cluster.RegisterOnMemberRemoved(removed.SetResult);
        systems[0].Cluster.Down(systems[2].Address);
        await removed.Task.WaitAsync(ClusterSystem.Patience);
        Assert.True(systems[2].Cluster.IsTerminated);
        await systems[2].System.WhenTerminated.WaitAsync(ClusterSystem.Patience);
        await ClusterSystem.AllUp(systems[..2]);
    }

    [Fact]
    public async Task Downed_and_not_told_to_shut_down_the_system_lives_on()
    {
        var systems = await Form(2, "akka.cluster.run-coordinated-shutdown-when-down = off");
        systems[0].Cluster.Down(systems[1].Address);
        await ClusterSystem.Eventually(() => systems[1].Cluster.IsTerminated, () => Say(systems));
        await ClusterSystem.AllUp(systems[0]);
        Assert.False(systems[1].System.WhenTerminated.IsCompleted);
    }

    [Fact]
    public async Task A_system_that_starts_again_on_its_address_takes_the_place_of_the_old_one()
    {
        var systems = await Form(3);
        var (old, rest) = (systems[2], systems[..2]);
        var events = Record(rest[0]);
        await old.Kill();
        var again = Start(port: old.Port);
        again.Cluster.JoinSeedNodes([rest[0].Address, rest[1].Address]);
        await ClusterSystem.Eventually(() => again.Members.Count() == 3, again.ToString);
        await ClusterSystem.AllUp([.. rest, again]);
        Assert.NotEqual(old.Cluster.SelfUniqueAddress, again.Cluster.SelfUniqueAddress);
        Assert.All(rest, system => Assert.Null(system.StatusOf(old)));
        await ClusterSystem.Eventually(() => events.OfType<ClusterEvent.MemberUp>().Any(up => up.Member.UniqueAddress == again.Cluster.SelfUniqueAddress), () => string.Join("; ", events));
        var list = events.ToList();
        Assert.True(
            list.FindIndex(change => change is ClusterEvent.MemberRemoved one && one.Member.UniqueAddress == old.Cluster.SelfUniqueAddress)
            < list.FindIndex(change => change is ClusterEvent.MemberJoined one && one.Member.UniqueAddress == again.Cluster.SelfUniqueAddress));
    }

    [Fact]
    public async Task Who_watches_an_actor_hears_of_its_end_when_its_member_is_removed()
    {
        var systems = await Form(2);
        var watched = systems[1].System.ActorOf(Props.Create(() => new Silent()), "watched");
        var ended = new TaskCompletionSource<Terminated>();
        var found = new TaskCompletionSource();
        systems[0].System.ActorOf(Props.Create(() => new Watcher(new RootActorPath(systems[1].Address) / "user" / "watched", found, ended)));
        await found.Task.WaitAsync(ClusterSystem.Patience);
        await systems[1].Kill();
        await ClusterSystem.Eventually(() => systems[0].SeesUnreachable(systems[1]), () => Say(systems[..1]));
        systems[0].Cluster.Down(systems[1].Address);
        var message = await ended.Task.WaitAsync(ClusterSystem.Patience);
        Assert.Equal("watched", message.ActorRef.Path.Name);
        Assert.Equal(systems[1].Address, message.ActorRef.Path.Address);
    }

    private static string Say(IEnumerable<ClusterSystem> systems) => string.Join("; ", systems);

    /// <summary>All that a subscriber is told from here on.</summary>
    private static ConcurrentQueue<ClusterEvent.IClusterDomainEvent> Record(ClusterSystem system)
    {
        var events = new ConcurrentQueue<ClusterEvent.IClusterDomainEvent>();
        system.Cluster.Subscribe(
            system.System.ActorOf(Props.Create(() => new Recorder(events))), ClusterEvent.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));
        return events;
    }

    private ClusterSystem Start(int port = 0)
    {
        var system = new ClusterSystem(port: port);
        _systems.Add(system);
        return system;
    }

    private async Task<ClusterSystem[]> Form(int count, string config = "")
    {
        var systems = await ClusterSystem.Form(count, config);
        _systems.AddRange(systems);
        return systems;
    }

    private sealed class Recorder : ReceiveActor
    {
        public Recorder(ConcurrentQueue<ClusterEvent.IClusterDomainEvent> events) => Receive<ClusterEvent.IClusterDomainEvent>(events.Enqueue);
    }

    private sealed class Silent : ReceiveActor
    {
    }

    private sealed class Watcher : ReceiveActor
    {
        private readonly ActorPath _path;

        public Watcher(ActorPath path, TaskCompletionSource found, TaskCompletionSource<Terminated> ended)
        {
            _path = path;
            Receive<ActorIdentity>(identity =>
            {
                Context.Watch(identity.Subject);
                found.SetResult();
            });
            Receive<Terminated>(ended.SetResult);
        }

        protected override void PreStart() => Context.ActorSelection(_path).Tell(new Identify(1));
    }
}
