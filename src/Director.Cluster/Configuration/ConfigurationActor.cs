using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using Director.Cluster.VirtualServices;
using Director.Configuration;

namespace Director.Cluster.Configuration;

/// <summary>
/// Watches the configuration file and hands what changed to the engine: differences only, so that what <c>ipvsadm</c> changed stays where the file did not change. A file with
/// errors is refused whole, with every error, and the old configuration stays in force.
/// </summary>
internal sealed class ConfigurationActor : ReceiveActor, IWithTimers
{
    /// <summary>Editors and deployments write in several steps: the file is read when its directory has been quiet for this long, or at the latest after ten times as long.</summary>
    public static readonly TimeSpan DefaultQuietTime = TimeSpan.FromMilliseconds(500);

    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly ConfigurationInForce _inForce;
    private readonly IActorRef _engine;
    private readonly Func<string, ConfigurationResult> _read;
    private readonly TimeSpan _quietTime;
    private FileSystemWatcher? _watcher;
    private TimeSpan? _firstTouch;
    private ConfigurationResult? _before;
    private ImmutableArray<string> _lastErrors = [];

    public ConfigurationActor(ConfigurationInForce inForce, IActorRef engine, Func<string, ConfigurationResult> read, TimeSpan quietTime)
    {
        _inForce = inForce;
        _engine = engine;
        _read = read;
        _quietTime = quietTime;
        Receive<Touched>(_ => WaitForQuiet());
        Receive<Quiet>(_ => Read(isAsked: false));
        Receive<Reload>(_ => Read(isAsked: true));
        Receive<EngineActor.EditAnswer>(_ => { });
        Receive<Status.Failure>(failure =>
        {
            // The next reading takes the difference again.
            inForce.Result = _before ?? inForce.Result;
            _log.Error("configuration: the engine did not take the change over: {0}", failure.Cause.Message);
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart()
    {
        // The directory, not the file: files are replaced by renaming, and by swapping a symbolic link to a directory; what the file includes usually lies beside it.
        var path = Path.GetFullPath(_inForce.Path);
        var self = Self;
        try
        {
            _watcher = new FileSystemWatcher(Path.GetDirectoryName(path)!);
            _watcher.Changed += (_, _) => self.Tell(Touched.Instance, ActorRefs.NoSender);
            _watcher.Created += (_, _) => self.Tell(Touched.Instance, ActorRefs.NoSender);
            _watcher.Deleted += (_, _) => self.Tell(Touched.Instance, ActorRefs.NoSender);
            _watcher.Renamed += (_, _) => self.Tell(Touched.Instance, ActorRefs.NoSender);
            _watcher.Error += (_, _) => self.Tell(Touched.Instance, ActorRefs.NoSender);
            _watcher.EnableRaisingEvents = true;
        }
        catch (Exception failure) when (failure is IOException or ArgumentException or UnauthorizedAccessException)
        {
            _log.Warning("configuration: changes of {0} are not noticed ({1}); SIGHUP reads it again", _inForce.Path, failure.Message);
        }
    }

    /// <inheritdoc/>
    protected override void PostStop() => _watcher?.Dispose();

    private void WaitForQuiet()
    {
        var now = Context.System.Scheduler.MonotonicClock;
        _firstTouch ??= now;
        if (now - _firstTouch < 10 * _quietTime || !Timers.IsTimerActive(Quiet.Instance))
        {
            Timers.StartSingleTimer(Quiet.Instance, Quiet.Instance, _quietTime);
        }
    }

    private void Read(bool isAsked)
    {
        _firstTouch = null;
        Timers.Cancel(Quiet.Instance);
        var result = _read(_inForce.Path);
        if (result.Configuration is not { } configuration)
        {
            Refuse(result.Errors, isAsked);
            return;
        }

        // Who asked, and who mended a file, wants to hear something.
        var isAwaited = isAsked || !_lastErrors.IsEmpty;
        _lastErrors = [];
        var before = _before = _inForce.Result;
        _inForce.Result = result;
        var file = ConfiguredTable.From(configuration);
        var changes = TableDifference.Between(ConfiguredTable.From(before.Configuration!), file);
        if (!changes.IsEmpty)
        {
            _engine.Tell(new EngineActor.ApplyChanges(changes, file));
        }

        var waiting = StartOnlyKeys.Changed(before, result);
        if (isAwaited && changes.IsEmpty && waiting.IsEmpty && ConfigurationWriter.Write(before.Configuration!) == ConfigurationWriter.Write(configuration))
        {
            _log.Info("configuration: {0} is read and changes nothing", _inForce.Path);
        }

        foreach (var key in waiting)
        {
            _log.Warning("configuration: {0} changed: the new value is used from the next start on", key);
        }

        foreach (var note in result.Notes.Except(before.Notes))
        {
            _log.Warning("configuration: {0}", note);
        }
    }

    private void Refuse(ImmutableArray<string> errors, bool isAsked)
    {
        // Files beside the configuration wake this actor too: the same errors are not told again, unless somebody asks.
        if (!isAsked && errors.SequenceEqual(_lastErrors))
        {
            return;
        }

        _lastErrors = errors;
        foreach (var error in errors)
        {
            _log.Error("configuration: {0}", error);
        }

        _log.Error("configuration: {0} is refused; the configuration before stays in force", _inForce.Path);
    }

    /// <summary>Something in the file's directory changed.</summary>
    private sealed class Touched
    {
        public static Touched Instance { get; } = new();
    }

    /// <summary>Nothing has changed in the file's directory for a while.</summary>
    private sealed class Quiet
    {
        public static Quiet Instance { get; } = new();
    }

    /// <summary>Reads the file now, and says so.</summary>
    public sealed class Reload
    {
        /// <summary>The only one.</summary>
        public static Reload Instance { get; } = new();
    }
}
