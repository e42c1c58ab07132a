using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;
using Xunit;

namespace Compat.Tests.AkkaClusterSharding.Inside;

public sealed class RegionStateTests : IRegionWork
{
    private static readonly UniqueAddress[] Nodes = [.. Enumerable.Range(0, 3).Select(number => new UniqueAddress(new Address("akka.tcp", "sim", "host", 1000 + number), number))];
    private static readonly IActorRef[] Coordinators = [.. Nodes.Select(node => new SimulatedReference(node, "coordinator"))];
    private static readonly IActorRef Own = new SimulatedReference(Nodes[0], "region");
    private static readonly IActorRef Other = new SimulatedReference(Nodes[1], "region");

    private readonly List<string> _done = [];
    private readonly RegionState _region;

    public RegionStateTests() => _region = new RegionState(Own, Nodes[0], isProxy: false, bufferSize: 3, this);

    [Fact]
    public void It_obeys_the_coordinator_that_answered_its_last_registration_and_no_other()
    {
        Assert.False(_region.Obeys(Coordinators[1]));
        _region.CoordinatorIsAt(Nodes[1]);
        Assert.False(_region.Obeys(Coordinators[1]));
        _region.Registered(Coordinators[1], Nodes[1]);
        Assert.True(_region.Obeys(Coordinators[1]));

        _region.CoordinatorIsAt(Nodes[2]);
        Assert.False(_region.Obeys(Coordinators[1]));
        _region.Registered(Coordinators[1], Nodes[1]);
        Assert.False(_region.Obeys(Coordinators[1]));
        _region.Registered(Coordinators[2], Nodes[2]);
        Assert.True(_region.Obeys(Coordinators[2]));

        _region.Invited(7);
        Assert.False(_region.Obeys(Coordinators[2]));
        Done("register 1 [] 0", "register 2 [] 0", "register 2 [] 7");
    }

    [Fact]
    public void Messages_wait_for_their_shards_home_and_go_there_in_their_order()
    {
        Obey(1);
        Route("a", "1");
        Route("a", "2");
        _region.HomeIs("a", Other);
        Route("a", "3");
        Done("ask a", "forward 1", "forward 2", "forward 3");

        Route("b", "4");
        _region.HomeIs("b", Own);
        Route("b", "5");
        Done("ask b", "start b", "deliver b 4", "deliver b 5");
    }

    [Fact]
    public void What_is_beyond_the_buffer_is_dropped_and_a_home_makes_room()
    {
        Obey(1);
        foreach (var number in new[] { "1", "2", "3", "4" })
        {
            Route(number == "2" ? "b" : "a", number);
        }

        Done("ask a", "ask b", "drop 4");
        _region.HomeIs("a", Other);
        Route("b", "5");
        Route("b", "6");
        Route("b", "7");
        Done("forward 1", "forward 3", "drop 7");
        Assert.Equal(3, _region.WaitingCount);
    }

    [Fact]
    public void A_shard_that_moves_takes_its_waiting_messages_along()
    {
        Obey(1);
        _region.HomeIs("a", Own);
        _region.BeginHandOff("a", 5);
        Route("a", "1");
        _region.HandOff("a", 5);
        _region.HandOff("a", 5);
        Assert.Equal(["a"], _region.Hosted);
        _region.ShardEnded("a");
        Assert.Empty(_region.Hosted);
        _region.HomeIs("a", Other);
        Done("start a", "begun a 5", "ask a", "stop a", "stopped a 5", "ask a", "forward 1");

        _region.HandOff("a", 6);
        Done("stopped a 6");
    }

    [Fact]
    public void A_move_that_is_called_off_lets_the_messages_in()
    {
        Obey(1);
        _region.HomeIs("a", Own);
        _region.BeginHandOff("a", 5);
        Route("a", "1");
        _region.HomeIs("a", Own);
        Done("start a", "begun a 5", "ask a", "deliver a 1");
    }

    [Fact]
    public void A_new_coordinator_hears_of_all_shards_those_that_stop_included()
    {
        Obey(1);
        _region.HomeIs("a", Own);
        _region.HomeIs("b", Own);
        _region.HandOff("b", 9);
        _region.CoordinatorIsAt(Nodes[2]);
        _region.Registered(Coordinators[2], Nodes[2]);
        _region.ShardEnded("b");
        Done("start a", "start b", "stop b", "register 2 [a b] 0", "stopped b 0");
    }

    [Fact]
    public void A_shard_that_is_given_back_while_it_stops_starts_again()
    {
        Obey(1);
        _region.HomeIs("a", Own);
        _region.HandOff("a", 9);
        _region.CoordinatorIsAt(Nodes[2]);
        _region.Registered(Coordinators[2], Nodes[2]);
        Route("a", "1");
        _region.HomeIs("a", Own);
        _region.ShardEnded("a");
        Done("start a", "stop a", "register 2 [a] 0", "ask a", "start a", "deliver a 1");
    }

    [Fact]
    public void A_shard_that_ends_unasked_is_told_of_and_asked_for_with_the_next_message()
    {
        Obey(1);
        _region.HomeIs("a", Own);
        _region.ShardEnded("a");
        Route("a", "1");
        Done("start a", "stopped a 0", "ask a");
    }

    [Fact]
    public void A_shard_that_the_coordinator_gave_to_another_stops()
    {
        Obey(1);
        _region.HomeIs("a", Own);
        _region.HomeIs("a", Other);
        Route("a", "1");
        Done("start a", "stop a", "forward 1");
    }

    [Fact]
    public void The_homes_at_a_region_that_is_gone_are_forgotten()
    {
        Obey(1);
        _region.HomeIs("a", Other);
        _region.HomeIs("b", Own);
        _region.RegionGone(Other.Equals);
        Route("a", "1");
        Route("b", "2");
        Done("start b", "ask a", "deliver b 2");
    }

    [Fact]
    public void Requests_without_an_answer_are_repeated()
    {
        _region.CoordinatorIsAt(Nodes[1]);
        _region.Retry();
        _region.Registered(Coordinators[1], Nodes[1]);
        Route("a", "1");
        _region.Retry();
        _region.Stop();
        _region.Retry();
        Done("register 1 [] 0", "register 1 [] 0", "ask a", "ask a", "shut down", "ask a", "shut down");
    }

    [Fact]
    public void It_is_done_when_its_shards_have_moved_and_nothing_waits_or_waits_in_vain()
    {
        Obey(1);
        _region.HomeIs("a", Own);
        Route("b", "1");
        _region.Stop();
        Assert.False(_region.IsDone);
        _region.HandOff("a", 1);
        _region.ShardEnded("a");
        Assert.False(_region.IsDone);
        _region.Retry();
        Assert.False(_region.IsDone);
        _region.Retry();
        Assert.True(_region.IsDone);
        _done.Clear();
        _region.DropAll();
        Done("drop 1");
    }

    void IRegionWork.Register(UniqueAddress coordinator, RegisterRegion message) => _done.Add($"register {coordinator.Uid} [{string.Join(' ', message.Shards.Order())}] {message.Invitation}");

    void IRegionWork.Tell(IActorRef recipient, IShardingMessage message)
    {
        Assert.Equal(_region.Coordinator, recipient);
        _done.Add(message switch
        {
            GetShardHome get => $"ask {get.Shard}",
            BeginHandOffAck ack => $"begun {ack.Shard} {ack.Number}",
            ShardStopped stopped => $"stopped {stopped.Shard} {stopped.Number}",
            ShutDownRegion => "shut down",
            _ => $"{message}",
        });
    }

    void IRegionWork.Forward(IActorRef region, Message message)
    {
        Assert.Equal(Other, region);
        _done.Add($"forward {message.Content}");
    }

    void IRegionWork.StartShard(string shard) => _done.Add($"start {shard}");

    void IRegionWork.StopShard(string shard) => _done.Add($"stop {shard}");

    void IRegionWork.Deliver(string shard, Message message) => _done.Add($"deliver {shard} {message.Content}");

    void IRegionWork.Drop(Message message) => _done.Add($"drop {message.Content}");

    private void Obey(int coordinator)
    {
        _region.CoordinatorIsAt(Nodes[coordinator]);
        _region.Registered(Coordinators[coordinator], Nodes[coordinator]);
        _done.Clear();
    }

    private void Route(string shard, string message) => _region.Route(shard, new Message(message, null));

    /// <summary>Just this was done since the last look.</summary>
    private void Done(params string[] expected)
    {
        Assert.Equal(expected, _done);
        _done.Clear();
    }
}
