using Akka.Actor;
using Director.Cluster.Availability;
using Director.Cluster.Logging;
using Director.Configuration;

namespace Director.Cluster.Formation;

/// <summary>
/// A director's actor system as something replaceable. When it ends without being asked to (this director was downed, quarantined, or gave its cluster up for an older one) another is made after a short while, its actors are
/// started again by the callback, and it joins. Nothing outside of it, the engine least of all, notices. Members may be called from any thread.
/// </summary>
public sealed class ClusterSystem : IAsyncDisposable
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);
    // A system that lived this long was well.
    private static readonly TimeSpan Well = TimeSpan.FromMinutes(1);

    private readonly ClusterConfiguration _cluster;
    private readonly string _akkaSection;
    private readonly IHeardDirectors? _heartbeats;
    private readonly Action<ActorSystem> _started;
    private readonly Action<string> _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly TimeProvider _clock = TimeProvider.System;
    private volatile ActorSystem _current;
    private Task _life = Task.CompletedTask;

    private ClusterSystem(ClusterConfiguration cluster, string akkaSection, IHeardDirectors? heartbeats, Action<ActorSystem> started, Action<string> log)
    {
        _cluster = cluster;
        _akkaSection = akkaSection;
        _heartbeats = heartbeats;
        _started = started;
        _log = log;
        _current = Create();
    }

    /// <summary>The one of now. It may end at any moment; another follows.</summary>
    public ActorSystem Current => _current;

    /// <summary>Ends after <see cref="Stop"/>.</summary>
    public Task Stopped => _life;

    /// <summary>Makes the first actor system and begins to join.</summary>
    /// <param name="cluster">How directors find each other.</param>
    /// <param name="akkaSection">The operator's <c>akka { }</c>, which goes before what this class sets; empty is nothing.</param>
    /// <param name="heartbeats">Who is alive by heartbeat; null: there are no heartbeats.</param>
    /// <param name="started">Starts the actors of a new system; called before it joins, one call after the other, now and whenever the system was replaced.</param>
    /// <param name="log">Takes lines for the operator, one an event.</param>
    /// <exception cref="InvalidOperationException">The <c>akka { }</c> section is refused or the port cannot be had; the message says why in one line.</exception>
    public static ClusterSystem Start(ClusterConfiguration cluster, string akkaSection, IHeardDirectors? heartbeats, Action<ActorSystem> started, Action<string> log)
    {
        if (AkkaSettings.Note(cluster) is { } note)
        {
            log(note);
        }

        ClusterSystem system = new(cluster, akkaSection, heartbeats, started, log);
        system._life = Task.Run(system.Live);
        return system;
    }

    /// <summary>Leaves the cluster and ends the actor system, with <see cref="CoordinatedShutdown.ClrExitReason"/>. May be called again.</summary>
    public async Task Stop()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await CoordinatedShutdown.Get(_current).Run(CoordinatedShutdown.ClrExitReason.Instance).ConfigureAwait(false);
        await _life.ConfigureAwait(false);
    }

    /// <summary>Ends the actor system without leaving the cluster, for tests: to the others it looks like a killed process.</summary>
    internal async Task StopAbruptly()
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await End(_current).ConfigureAwait(false);
        await _life.ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => new(Stop());

    private static Task End(ActorSystem system) =>
        CoordinatedShutdown.Get(system).Run(CoordinatedShutdown.ClusterDowningReason.Instance, CoordinatedShutdown.PhaseBeforeActorSystemTerminate);

    private async Task Live()
    {
        var pause = ShortestPause;
        while (true)
        {
            var born = _clock.GetTimestamp();
            await _current.WhenTerminated.ConfigureAwait(false);
            pause = _clock.GetElapsedTime(born) > Well ? ShortestPause : pause;
            while (!_stopping.IsCancellationRequested)
            {
                await Task.Delay(pause, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                pause = pause + pause < LongestPause ? pause + pause : LongestPause;
                if (TryReplace())
                {
                    break;
                }
            }

            if (_stopping.IsCancellationRequested)
            {
                // Stop may have come while the next one was made.
                await CoordinatedShutdown.Get(_current).Run(CoordinatedShutdown.ClrExitReason.Instance).ConfigureAwait(false);
                return;
            }
        }
    }

    private bool TryReplace()
    {
        if (_stopping.IsCancellationRequested)
        {
            return false;
        }

        try
        {
            _current = Create();
            _log("cluster: the actors were started again; traffic was not touched");
            return true;
        }
        catch (Exception failed) when (failed is not OutOfMemoryException)
        {
            _log($"error: cluster: the actors cannot be started again: {failed.Message.ReplaceLineEndings(" ")}; trying on");
            return false;
        }
    }

    private ActorSystem Create()
    {
        ActorSystem system;
        try
        {
            ClusterIdentity own = new(Guid.NewGuid(), DateTimeOffset.FromUnixTimeMilliseconds(_clock.GetUtcNow().ToUnixTimeMilliseconds()));
            system = ActorSystem.Create(AkkaSettings.SystemName, AkkaSettings.Create(_cluster, _akkaSection, own));
        }
        catch (Exception refused) when (refused is not OutOfMemoryException)
        {
            throw new InvalidOperationException(Reason(refused), refused);
        }

        try
        {
            LineLogger.Start(system, _log);
            _started(system);
            Action<string> restart = reason => Restart(system, reason);
            var cluster = _cluster;
            var heartbeats = _heartbeats;
            system.ActorOf(Props.Create(() => new FormationActor(cluster, heartbeats, restart)), "formation");
            return system;
        }
        catch
        {
            _ = system.Terminate();
            throw;
        }
    }

    private static string Reason(Exception refused)
    {
        for (var cause = refused; cause is not null; cause = cause.InnerException)
        {
            if (cause is Transport.RemotingPortException)
            {
                return cause.Message;
            }
        }

        return $"akka {{ }}: {refused.GetBaseException().Message.ReplaceLineEndings(" ")}";
    }

    private void Restart(ActorSystem system, string reason)
    {
        _log($"warning: cluster: the actors start again: {reason}");
        // Without a leave: who is left behind starts again too, and a leave waits for members that may be unreachable.
        _ = End(system);
    }
}
