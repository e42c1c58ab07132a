using System.Collections.Concurrent;
using System.Collections.Immutable;
using Akka.Actor;
using Akka.TestKit;
using Akka.TestKit.Xunit2;
using Director.Cluster.Logging;
using Director.Cluster.Membership;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.VirtualServices;

/// <summary>An engine whose parts have owners: the test is the owners and the other engine.</summary>
public sealed class EngineActorInClusterTests : TestKit
{
    private static readonly TablePart Owned = new(
        Parts.WebPart, new(4, "lb2-b/owner", 1), Parts.Table(Parts.Service("rr", Parts.Server(1))), Parts.Definition(0, Parts.Service("rr", Parts.Server(1))), "ipvsadm on lb2");

    private readonly FakeEngine _engine = new();
    private readonly ConcurrentQueue<string> _log = new();
    private readonly VersionedTable _versions;
    private readonly TestProbe _owners;
    private readonly TestProbe _other;
    private readonly IActorRef _actor;

    public EngineActorInClusterTests()
        : base("akka.loggers = []\nakka.loglevel = INFO\nakka.test.single-expect-default = 15s")
    {
        LineLogger.Start(Sys, _log.Enqueue);
        (_owners, _other) = (CreateTestProbe(), CreateTestProbe());
        _engine.Apply(Parts.Table(Parts.Service("rr", Parts.Server(1))));
        _versions = new VersionedTable("lb1", _engine.Table, Parts.Noon);
        _actor = Start(ownersTime: TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void A_service_of_the_file_is_reported_until_an_owner_has_it()
    {
        var report = ExpectReport();
        Assert.Equal((PartVersion.None, Parts.Noon), (report.Version, report.File?.Definition.Since));
        _actor.Tell(new PartStates([Owned]), TestActor);
        AwaitCondition(() => _versions.Part(Parts.WebPart).Version == Owned.Version);
        AwaitAssert(() =>
        {
            var later = ExpectReport();
            Assert.Equal((Owned.Version, null), (later.Version, later.File));
        });
    }

    [Fact]
    public void An_owner_decides_and_its_answer_is_what_comes_into_force()
    {
        _actor.Tell(new AddServer(Parts.Web, Parts.Server(2)), TestActor);
        var request = ExpectChange();
        Assert.Equal(2, _engine.Table.Services[0].RealServers.Length);
        Assert.Equal(_versions.Owner, request.Asker);
        var answer = Owned with { Content = Parts.Table(Parts.Service("sh", Parts.Server(1), Parts.Server(2), Parts.Server(3))) };
        _owners.Reply(new PartChanged(answer, null));
        Assert.Null(ExpectMsg<EngineActor.EditAnswer>().Error);
        Assert.Equal("sh", _engine.Table.Services[0].Scheduler);
        ExpectLine("ipvsadm: virtual service www (TCP 10.0.0.1:80): real server 10.0.1.2:80 added: direct, weight 1");
        ExpectLine("ipvsadm on lb2: virtual service www (TCP 10.0.0.1:80): real server 10.0.1.3:80 added: direct, weight 1");
    }

    [Fact]
    public void What_an_owner_refuses_is_taken_back_and_told()
    {
        _actor.Tell(new AddServer(Parts.Web, Parts.Server(2)), TestActor);
        ExpectChange();
        _owners.Reply(new PartChanged(Owned, new(EditErrno.Exists, "Destination already exists")));
        Assert.Equal(EditErrno.Exists, ExpectMsg<EngineActor.EditAnswer>().Error?.Errno);
        Assert.Single(_engine.Table.Services[0].RealServers);
    }

    [Fact]
    public void What_this_table_does_not_allow_the_owners_may()
    {
        _actor.Tell(new DeleteServer(Parts.Web, Parts.Server(9).Address, 80), TestActor);
        ExpectChange();
        _owners.Reply(new PartChanged(Owned, null));
        Assert.Null(ExpectMsg<EngineActor.EditAnswer>().Error);
    }

    [Fact]
    public void What_this_engine_refuses_goes_no_further()
    {
        _engine.FailNext(new EngineException("10.0.0.1 is on eth0"));
        _actor.Tell(new AddServer(Parts.Web, Parts.Server(2)), TestActor);
        Assert.IsType<EngineException>(ExpectMsg<Status.Failure>().Cause);
        _actor.Tell(new AddServer(Parts.Web, Parts.Server(3)), TestActor);
        Assert.Equal(Parts.Server(3), ((AddServer)((PartChange.ByEdit)ExpectChange().Change).Edit).Server);
    }

    [Fact]
    public void A_silent_owner_is_done_without_once_for_a_while_and_the_others_are_told()
    {
        Sys.Stop(_actor);
        var actor = Start(ownersTime: TimeSpan.FromSeconds(1));
        actor.Tell(new AddServer(Parts.Web, Parts.Server(2)), TestActor);
        ExpectChange();
        Assert.Null(ExpectMsg<EngineActor.EditAnswer>().Error);
        var told = _other.FishForMessage(message => message is PartStates) as PartStates;
        Assert.Equal(new PartVersion(1, _versions.Owner, 1), told?.Parts.Single().Version);
        ExpectLine("warning: lb1 did not hear from the owner of TCP 10.0.0.1:80 in time: the change is in force here and told to 1 other directors");

        actor.Tell(new AddServer(Parts.Web, Parts.Server(3)), TestActor);
        Assert.Null(ExpectMsg<EngineActor.EditAnswer>().Error);
        Assert.Equal(new PartVersion(1, _versions.Owner, 2), _versions.Part(Parts.WebPart).Version);
        // The edit after it is answered: had the owner been asked, the request would be before the next report.
        _owners.FishForMessage(message =>
        {
            Assert.IsNotType<ChangePart>(message);
            return message is ReportPart { Version.Number: 2 };
        });
        Assert.Equal(3, _engine.Table.Services[0].RealServers.Length);
    }

    [Fact]
    public void Clearing_the_table_asks_the_owner_of_every_service()
    {
        _actor.Tell(new AddService(new(ServiceKey.ForMark(1))), TestActor);
        ExpectChange();
        var mark = new PartKey(ServiceKey.ForMark(1));
        _owners.Reply(new PartChanged(new(mark, new(1, "x", 1), Parts.Table(new VirtualServiceSpec(ServiceKey.ForMark(1))), Parts.Definition(0), ""), null));
        ExpectMsg<EngineActor.EditAnswer>();
        _actor.Tell(new ClearServices(), TestActor);
        foreach (var key in new[] { ExpectAndDelete(), ExpectAndDelete() })
        {
            Assert.Contains(key, new[] { mark, Parts.WebPart });
        }

        Assert.Null(ExpectMsg<EngineActor.EditAnswer>().Error);
        Assert.Empty(_engine.Table.Services);

        PartKey ExpectAndDelete()
        {
            var request = ExpectChange();
            _owners.Reply(new PartChanged(request.Known.Apply(request.Change, "x", default).Part, null));
            return request.Key;
        }
    }

    [Fact]
    public void A_state_that_the_engine_refuses_leaves_the_others_alone_and_is_tried_again()
    {
        var mark = ServiceKey.ForMark(1);
        _engine.FailNext(new EngineException("10.0.0.1 is on eth0"), times: 2);
        _actor.Tell(
            new PartStates([Owned with { Content = Parts.Table(Parts.Service("sh")) }, new(new(mark), new(1, "x", 1), Parts.Table(new VirtualServiceSpec(mark)), Parts.Definition(0), "ipvsadm on lb2")]),
            TestActor);
        AwaitAssert(() => Assert.Contains(mark, _engine.Table.Services.Select(service => service.Key)));
        ExpectLine("error: TCP 10.0.0.1:80 stays as it was on lb1, what ipvsadm on lb2 changed cannot be put in force here: 10.0.0.1 is on eth0");
        AwaitAssert(() => Assert.Equal("sh", _engine.Table.Services.Single(service => service.Key == Parts.Web).Scheduler), TimeSpan.FromSeconds(30));
    }

    [Fact]
    public void Another_engine_gets_what_it_lacks_and_is_asked_for_what_it_has()
    {
        _actor.Tell(new PartStates([Owned]), TestActor);
        _actor.Tell(new CompareTables(0), TestActor);
        Assert.Equal((Parts.WebPart, Owned.Version), ExpectMsg<KnownVersions>().Versions.Single());
        var mark = new PartKey(ServiceKey.ForMark(1));
        _actor.Tell(new KnownVersions("", "", [(mark, new(1, "x", 1))]), TestActor);
        Assert.Equal(Owned.Version, ExpectMsg<PartStates>().Parts.Single().Version);
        Assert.Equal([mark], ExpectMsg<GetParts>().Keys.AsEnumerable());
        _actor.Tell(new CompareTables(_versions.Digest()), TestActor);
        _actor.Tell(new GetParts([mark]), TestActor);
        Assert.Empty(ExpectMsg<PartStates>().Parts);
    }

    private IActorRef Start(TimeSpan ownersTime)
    {
        var (engine, versions, owners) = (_engine, _versions, new PartOwners(_owners.Ref, new TwoMembers(_other.Ref)));
        return Sys.ActorOf(Props.Create(() => new EngineActor(engine, versions, owners, ownersTime)));
    }

    private void ExpectLine(string line) => AwaitAssert(() => Assert.Contains(line, _log));

    private ReportPart ExpectReport() => (ReportPart)_owners.FishForMessage(message => message is ReportPart { Key.Service: not null });

    private ChangePart ExpectChange() => (ChangePart)_owners.FishForMessage(message => message is ChangePart);

    private sealed class TwoMembers(IActorRef other) : IMemberActors
    {
        public bool IsMember => true;

        public ImmutableArray<ICanTell> All => [other];

        public ImmutableArray<ICanTell> Others => [other];
    }
}
