using System.Collections.Concurrent;
using System.Net;
using Director.Cluster.VirtualServices;
using Director.Configuration;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests;

public sealed class DirectorNodeTests
{
    private static readonly ServiceKey Mark = ServiceKey.ForMark(1);

    private readonly FakeEngine _engine = new();
    private readonly ConcurrentQueue<string> _log = new();

    [Fact]
    public async Task It_starts_from_the_configuration_and_takes_edits()
    {
        await using var node = Start(new() { Timeouts = new() { Tcp = TimeSpan.FromSeconds(5) } });
        Assert.Equal(5, _engine.Table.Timeouts.Tcp);
        Assert.Null(await node.Edit(new AddService(new VirtualServiceSpec(Mark))));
        Assert.Equal(EditErrno.Exists, (await node.Edit(new AddService(new VirtualServiceSpec(Mark))))?.Errno);
        Assert.Null(await node.Zero(Mark));
        Assert.Equal(Mark, _engine.Zeroed);
        Assert.Equal(Mark, Assert.Single((await node.Report()).Services).Spec.Key);
        Assert.Single(await node.Connections());
        Assert.Contains("ipvsadm: virtual service FWM 1 added: wlc; real servers: none", _log);
    }

    [Fact]
    public async Task Stopping_disposes_of_the_engine_once_and_ends_the_actors()
    {
        var node = Start(new());
        Assert.False(_engine.IsDisposed);
        await node.Stop();
        Assert.True(_engine.IsDisposed);
        await Assert.ThrowsAnyAsync<Exception>(() => node.Report(new CancellationToken(canceled: true)));
        await node.Stop();
    }

    [Fact]
    public async Task Answers_come_while_the_engine_fails_too()
    {
        await using var node = Start(new());
        _engine.FailNext(new IOException("no room for the table"));
        var failure = await Assert.ThrowsAsync<IOException>(() => node.Edit(new ClearServices()));
        Assert.Equal("no room for the table", failure.Message);
        Assert.Null(await node.Edit(new ClearServices()));
    }

    [Fact]
    public async Task What_the_engine_refuses_is_told_to_the_asker_and_is_no_crash()
    {
        await using var node = Start(new());
        _engine.FailNext(new EngineException("10.0.0.1 is on eth0: move it to lo"));
        var failure = await Assert.ThrowsAsync<EngineException>(() => node.Edit(new AddService(new VirtualServiceSpec(Mark))));
        Assert.Equal("10.0.0.1 is on eth0: move it to lo", failure.Message);
        Assert.Null(await node.Edit(new AddService(new VirtualServiceSpec(Mark))));
        Assert.DoesNotContain(_log, line => line.StartsWith("error", StringComparison.Ordinal));
    }

    [Fact]
    public void A_wrong_akka_section_is_refused_in_one_line()
    {
        var failure = Assert.Throws<InvalidOperationException>(() => DirectorNode.Start("/nowhere/director.conf", new(new(), [], [], "akka { loglevel = \"LOUD\" }"), _engine, _log.Enqueue));
        Assert.StartsWith("akka { }: ", failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', failure.Message);
    }

    [Fact]
    public void A_configuration_with_errors_is_not_started() =>
        Assert.Throws<ArgumentException>(() => DirectorNode.Start("/nowhere/director.conf", new(null, ["wrong"], [], ""), _engine, _log.Enqueue));

    [Fact]
    public async Task A_change_of_the_kernels_synchronisation_reaches_the_engine_as_the_difference_of_two_files()
    {
        var path = Path.Combine(Directory.CreateTempSubdirectory("director-").FullName, "director.conf");
        await File.WriteAllTextAsync(path, "director.synchronisation.ipvs { backup = on, interface = eth2 }");
        await using var node = DirectorNode.Start(path, ConfigurationReader.Read(path), _engine, _log.Enqueue);
        await File.WriteAllTextAsync(path, "director.synchronisation.ipvs { backup = on, interface = eth2, sync-id = 7 }");
        node.Reload();
        Assert.True(SpinWait.SpinUntil(() => !_engine.Daemons.Changes.IsEmpty, TimeSpan.FromSeconds(30)));
        var (from, to) = Assert.Single(_engine.Daemons.Changes);
        Assert.Equal((0, 7), (from.Backup!.SyncId, to.Backup!.SyncId));
        Assert.DoesNotContain(_log, line => line.Contains("next start", StringComparison.Ordinal));
    }

    private DirectorNode Start(DirectorConfiguration configuration) =>
        DirectorNode.Start(Path.Combine(Path.GetTempPath(), "director.conf"), new(configuration, [], [], ""), _engine, _log.Enqueue);
}
