using System.Collections.Concurrent;
using Akka.Actor;
using Akka.TestKit.Xunit2;
using Director.Cluster.Configuration;
using Director.Cluster.Logging;
using Director.Cluster.VirtualServices;
using Director.Configuration;
using Xunit;

namespace Director.Cluster.Tests.Configuration;

public sealed class ConfigurationActorTests : TestKit
{
    private readonly string _directory = Directory.CreateTempSubdirectory("director-").FullName;
    private readonly ConcurrentQueue<string> _log = new();
    private readonly ConfigurationResult _first = Good(1);
    private readonly ConcurrentQueue<ConfigurationResult> _readings = new();
    private readonly IActorRef _actor;

    public ConfigurationActorTests()
        : base("akka.loggers = []\nakka.loglevel = INFO\nakka.test.single-expect-default = 15s")
    {
        LineLogger.Start(Sys, _log.Enqueue);
        var inForce = new ConfigurationInForce(Path.Combine(_directory, "director.conf"), _first);
        var engine = TestActor;
        // Events of the file system may let it read once more: the same again.
        var last = _first;
        Func<string, ConfigurationResult> read = _ => _readings.TryDequeue(out var next) ? last = next : last;
        _actor = Sys.ActorOf(Props.Create(() => new ConfigurationActor(inForce, engine, read, TimeSpan.FromMilliseconds(20))));
    }

    [Fact]
    public void A_file_that_says_the_same_changes_nothing()
    {
        Read(Good(1));
        Read(Good(2));
        AwaitAssert(() => Assert.EndsWith("director.conf is read and changes nothing", Assert.Single(_log)));
        Assert.Equal(new Forwarding.Timeouts(2, 120, 300), Assert.IsType<TableChange.TimeoutsChanged>(Assert.Single(ExpectMsg<EngineActor.ApplyChanges>().Changes)).After);
    }

    [Fact]
    public async Task A_bad_file_is_refused_whole_with_every_error_once()
    {
        await _actor.Ask<ActorIdentity>(new Identify(null), TimeSpan.FromSeconds(10));
        Read(new ConfigurationResult(null, ["f:1: this", "f:2: that"], [], ""));
        AwaitCondition(() => _readings.IsEmpty);

        // A file beside it wakes the actor.
        _readings.Enqueue(new ConfigurationResult(null, ["f:1: this", "f:2: that"], [], ""));
        await File.WriteAllTextAsync(Path.Combine(_directory, "other"), "");
        AwaitCondition(() => _readings.IsEmpty, TimeSpan.FromSeconds(15));
        Read(Good(3));
        var change = Assert.IsType<TableChange.TimeoutsChanged>(Assert.Single(ExpectMsg<EngineActor.ApplyChanges>().Changes));
        Assert.Equal((1, 3), (change.Before.Tcp, change.After.Tcp));
        AwaitAssert(() => Assert.Equal(3, _log.Count));
        Assert.Equal(["error: configuration: f:1: this", "error: configuration: f:2: that"], _log.Take(2));
        Assert.EndsWith("is refused; the configuration before stays in force", _log.ElementAt(2));
    }

    [Fact]
    public void After_a_restart_the_difference_is_taken_to_the_last_good_file()
    {
        Read(Good(2));
        ExpectMsg<EngineActor.ApplyChanges>();
        Read(null!);
        AwaitAssert(() => Assert.Contains(_log, line => line.StartsWith("error", StringComparison.Ordinal)));
        Read(Good(3));
        Assert.Equal(2, Assert.IsType<TableChange.TimeoutsChanged>(Assert.Single(ExpectMsg<EngineActor.ApplyChanges>().Changes)).Before.Tcp);
    }

    [Fact]
    public void A_change_that_the_engine_did_not_take_is_told_again_with_the_next_file()
    {
        Read(Good(2));
        ExpectMsg<EngineActor.ApplyChanges>();
        _actor.Tell(new Status.Failure(new IOException("no room")), TestActor);
        Read(Good(2));
        Assert.Equal(2, Assert.IsType<TableChange.TimeoutsChanged>(Assert.Single(ExpectMsg<EngineActor.ApplyChanges>().Changes)).After.Tcp);
    }

    [Fact]
    public void Keys_that_are_read_at_the_start_only_are_named()
    {
        Read(_first with { Configuration = _first.Configuration! with { Name = "other", Interfaces = ["eth0"], Engine = new() { Workers = 9 } }, AkkaSection = "akka {}" });
        AwaitAssert(() => Assert.Equal(4, _log.Count));
        Assert.Equal(
            ["name", "interfaces", "engine", "akka"],
            _log.Select(line => line.Replace("warning: configuration: ", "", StringComparison.Ordinal).Split(' ')[0]));
    }

    [Fact]
    public async Task A_changed_file_is_noticed()
    {
        // The watch begins with the actor: an answer shows that it is there.
        await _actor.Ask<ActorIdentity>(new Identify(null), TimeSpan.FromSeconds(10));
        _readings.Enqueue(Good(2));
        File.WriteAllText(Path.Combine(_directory, "new"), "");
        File.Move(Path.Combine(_directory, "new"), Path.Combine(_directory, "director.conf"), overwrite: true);
        ExpectMsg<EngineActor.ApplyChanges>(TimeSpan.FromSeconds(10));
    }

    protected override void AfterAll() => Directory.Delete(_directory, recursive: true);

    private void Read(ConfigurationResult result)
    {
        _readings.Enqueue(result);
        _actor.Tell(ConfigurationActor.Reload.Instance, TestActor);
    }

    private static ConfigurationResult Good(int tcpSeconds) =>
        new(new DirectorConfiguration { Timeouts = new() { Tcp = TimeSpan.FromSeconds(tcpSeconds) } }, [], [], "");
}
