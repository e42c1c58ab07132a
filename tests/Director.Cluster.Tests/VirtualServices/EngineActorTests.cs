using System.Collections.Immutable;
using System.Net;
using Akka.Actor;
using Akka.TestKit.Xunit2;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.VirtualServices;

public sealed class EngineActorTests : TestKit
{
    private static readonly ServiceKey Web = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80);

    private readonly FakeEngine _engine = new();
    private readonly IActorRef _actor;

    public EngineActorTests()
        : base("akka.loggers = []\nakka.loglevel = ERROR\nakka.test.single-expect-default = 15s")
    {
        var engine = _engine;
        var versions = new VersionedTable("lb1", engine.Table, DateTimeOffset.UnixEpoch);
        _actor = Sys.ActorOf(Props.Create(() => new EngineActor(engine, versions, null, TimeSpan.FromSeconds(1))));
    }

    [Fact]
    public void An_edit_is_applied_and_answered()
    {
        _actor.Tell(new AddService(new VirtualServiceSpec(Web)), TestActor);
        Assert.Null(ExpectMsg<EngineActor.EditAnswer>().Error);
        Assert.Equal(Web, Assert.Single(_engine.Table.Services).Key);
        _actor.Tell(new EngineActor.GetReport(), TestActor);
        Assert.Equal(Web, Assert.Single(ExpectMsg<EngineReport>().Services).Spec.Key);
    }

    [Fact]
    public void A_refused_edit_leaves_the_engine_alone()
    {
        var before = _engine.Table;
        _actor.Tell(new DeleteService(Web), TestActor);
        Assert.Equal(EditErrno.NoService, ExpectMsg<EngineActor.EditAnswer>().Error?.Errno);
        Assert.Same(before, _engine.Table);
    }

    [Fact]
    public void A_crash_is_told_to_the_asker_and_loses_no_table()
    {
        _actor.Tell(new AddService(new VirtualServiceSpec(Web)), TestActor);
        ExpectMsg<EngineActor.EditAnswer>();
        _engine.FailNext(new IOException("no room for the table"));
        _actor.Tell(new ClearServices(), TestActor);
        _actor.Tell(new AddServer(Web, new RealServerSpec(IPAddress.Parse("10.0.1.1"), 80)), TestActor);
        Assert.IsType<IOException>(ExpectMsg<Status.Failure>().Cause);
        Assert.Null(ExpectMsg<EngineActor.EditAnswer>().Error);
        Assert.Single(Assert.Single(_engine.Table.Services).RealServers);
    }

    [Fact]
    public void Zeroing_says_whether_the_service_is_there()
    {
        _actor.Tell(new EngineActor.Zero(Web), TestActor);
        Assert.Equal("No such service", ExpectMsg<EngineActor.EditAnswer>().Error?.Text);
        _actor.Tell(new EngineActor.Zero(null), TestActor);
        Assert.Null(ExpectMsg<EngineActor.EditAnswer>().Error);
    }

    [Fact]
    public void Connections_are_answered()
    {
        _actor.Tell(new EngineActor.GetConnections(), TestActor);
        Assert.Single(ExpectMsg<EngineActor.ConnectionsAnswer>().Connections);
    }

    [Fact]
    public void Changes_of_the_configuration_are_applied_to_the_table_in_force()
    {
        _actor.Tell(new AddService(new VirtualServiceSpec(Web)), TestActor);
        ExpectMsg<EngineActor.EditAnswer>();
        var other = new VirtualServiceSpec(ServiceKey.ForMark(1));
        ImmutableArray<TableChange> changes = [new TableChange.ServiceAdded(other)];
        _actor.Tell(new EngineActor.ApplyChanges(changes, ForwardingTable.Empty with { Services = [other] }), TestActor);
        ExpectMsg<EngineActor.EditAnswer>();
        Assert.Equal([Web, other.Key], _engine.Table.Services.Select(service => service.Key));
    }
}
