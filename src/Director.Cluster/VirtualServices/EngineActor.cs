using System.Collections.Immutable;
using Akka.Actor;
using Akka.Event;
using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>
/// The actors' side of the engine: the only one that changes its table, one change after the other. It keeps nothing that a crash may not lose: the table in force is the engine's, and
/// what is known of its parts is in a <see cref="VersionedTable"/>, which belongs to the process.
/// <para>
/// In a cluster every part has an owner. A change is put in force here first, so that what this engine refuses goes no further, and then asked of the owner, whose answer decides. An owner
/// that does not answer in time is done without: the change stays, as a state of this director's own, and whoever owns the part next goes on from it.
/// </para>
/// </summary>
internal sealed class EngineActor : ReceiveActor, IWithTimers
{
    /// <summary>How long an owner may take; the command line waits for it.</summary>
    public static readonly TimeSpan DefaultOwnersTime = TimeSpan.FromSeconds(2);

    /// <summary>After silence, owners are not waited for again for this long: a file of a thousand rules must not wait a thousand times.</summary>
    private static readonly TimeSpan SilenceRemembered = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan TickTime = TimeSpan.FromSeconds(1);

    /// <summary>Ticks in which every part is reported to its owner once and the table is compared with another director's.</summary>
    private const int TicksOfARound = 5;

    /// <summary>Versions in one message: well below a frame's 128,000 bytes.</summary>
    private const int VersionsInAMessage = 1_000;

    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly IForwardingEngine _engine;
    private readonly VersionedTable _versions;
    private readonly PartOwners? _owners;
    private readonly TimeSpan _ownersTime;
    private readonly HashSet<PartKey> _received = [];
    private readonly Queue<PartKey> _toReport = new();
    private TimeSpan? _silentUntil;
    private int _otherEngines;
    private int _ticks;
    private int _waiting;
    private bool _differsFromFile;
    private string _lastRefusal = "";

    /// <param name="engine">The engine.</param>
    /// <param name="versions">What is known of the table's parts.</param>
    /// <param name="owners">Who owns them; null: a director without a cluster, which owns them all.</param>
    /// <param name="ownersTime">How long an owner may take.</param>
    public EngineActor(IForwardingEngine engine, VersionedTable versions, PartOwners? owners, TimeSpan ownersTime)
    {
        _engine = engine;
        _versions = versions;
        _owners = owners;
        _ownersTime = ownersTime;
        Receive<ApplyChanges>(apply => Answer(() => TakeOver(apply)));
        Receive<TableEdit>(edit => Answer(() => Edit(edit)));
        Receive<Settled>(settled => Settle(settled));
        Receive<Zero>(zero => Answer(() => new EditAnswer(engine.Zero(zero.Service) ? null : TableEditor.NoSuchService)));
        Receive<GetReport>(_ => Answer(engine.Report));
        Receive<GetConnections>(_ =>
        {
            // A million connections take a while: not in the way of edits. The engine may be asked from any thread.
            var asker = Sender;
            Task.Run(() => new ConnectionsAnswer(engine.Connections())).PipeTo(asker);
        });
        Receive<PartStates>(states => Receive(states));
        Receive<PutReceivedInForce>(_ => PutInForce());
        Receive<GetParts>(get => Send(Sender, [.. get.Keys.Select(versions.Part).Where(part => part.Version.IsOwned)]));
        Receive<CompareTables>(compare => Compare(compare));
        Receive<KnownVersions>(known => Compare(known));
        Receive<Tick>(_ => OnTick());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private DateTimeOffset Now => Context.System.Scheduler.Now;

    private bool AsksOwners => _owners is { Engines.IsMember: true } && !(Context.System.Scheduler.MonotonicClock < _silentUntil);

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer(Tick.Instance, Tick.Instance, TickTime);

    private EditAnswer? Edit(TableEdit edit)
    {
        var (table, error) = TableEditor.Apply(_engine.Table, edit);
        var by = $"ipvsadm on {_versions.Director}";
        var changes = Edits(edit).Select(one => (one.Key, (PartChange)new PartChange.ByEdit(one.Edit, by))).ToImmutableArray();
        if (table is not null)
        {
            Put(table, _ => "ipvsadm");
        }

        if (AsksOwners)
        {
            AskOwners(changes);
            return null;
        }

        return new EditAnswer(error ?? ChangeAlone(changes));
    }

    private EditAnswer? TakeOver(ApplyChanges apply)
    {
        Put(TableChange.Apply(_engine.Table, apply.Changes), _ => "configuration");
        var by = $"the configuration of {_versions.Director}";
        var changes = _versions.SetFile(apply.File, Now).Select(part => (part.Key, (PartChange)new PartChange.ByFile(part.Definition, by))).ToImmutableArray();
        if (AsksOwners)
        {
            AskOwners(changes);
            return null;
        }

        ChangeAlone(changes);
        return new EditAnswer(null);
    }

    /// <summary>An edit as edits of parts: each has an owner of its own.</summary>
    private IEnumerable<(PartKey Key, TableEdit Edit)> Edits(TableEdit edit) => edit switch
    {
        AddService add => [(new(add.Service.Key), add)],
        EditService change => [(new(change.Service.Key), change)],
        DeleteService delete => [(new(delete.Service), delete)],
        AddServer add => [(new(add.Service), add)],
        EditServer change => [(new(change.Service), change)],
        DeleteServer delete => [(new(delete.Service), delete)],
        ClearServices => _versions.Parts.SelectMany(part => part.Content.Services).Select(service => (new PartKey(service.Key), (TableEdit)new DeleteService(service.Key))),
        SetTimeouts => [(PartKey.Timeouts, edit)],
        _ => throw new ArgumentException($"{edit.GetType()} is not a change of the table", nameof(edit)),
    };

    private void AskOwners(ImmutableArray<(PartKey Key, PartChange Change)> changes)
    {
        _waiting++;
        var asker = Sender;
        Task.WhenAll(changes.Select(change => AskOwner(change.Key, change.Change))).PipeTo(Self, asker, answers => new Settled(changes, [.. answers]));
    }

    private async Task<PartChanged?> AskOwner(PartKey key, PartChange change)
    {
        try
        {
            return await _owners!.Region.Ask<PartChanged>(new ChangePart(_versions.Part(key), change, _versions.Owner), _ownersTime).ConfigureAwait(false);
        }
        catch (Exception silence) when (silence is not OutOfMemoryException)
        {
            // Too late, or an actor system that ends: either way there is no answer.
            return null;
        }
    }

    private void Settle(Settled settled)
    {
        // Zero after a crash, which does not keep answers from coming.
        _waiting = Math.Max(0, _waiting - 1);
        Answer(() =>
        {
            EditError? error = null;
            var silent = settled.Changes.Zip(settled.Answers).Where(pair => pair.Second is null).Select(pair => pair.First).ToImmutableArray();
            foreach (var answer in settled.Answers.OfType<PartChanged>())
            {
                _versions.Merge(answer.Part);
                error ??= answer.Error;
            }

            if (!silent.IsEmpty)
            {
                _silentUntil = Context.System.Scheduler.MonotonicClock + SilenceRemembered;
                error ??= ChangeAlone(silent);
            }

            Bring(settled.Changes.Select(change => change.Key));
            return new EditAnswer(settled.Changes.Length == 1 ? error : null);
        });
    }

    /// <summary>Changes parts without their owners. In a cluster it is said, and told to every director that can be reached.</summary>
    private EditError? ChangeAlone(ImmutableArray<(PartKey Key, PartChange Change)> changes)
    {
        EditError? error = null;
        var changed = ImmutableArray.CreateBuilder<TablePart>(changes.Length);
        foreach (var (key, change) in changes)
        {
            var (part, refusal) = _versions.Part(key).Apply(change, _versions.Owner, Now);
            error ??= refusal;
            if (_versions.Merge(part))
            {
                changed.Add(part);
            }
        }

        if (_owners is { Engines.IsMember: true } && changed.Count > 0)
        {
            var others = _owners.Engines.Others;
            _log.Warning(
                "{0} did not hear from the owner of {1} in time: the change is in force here and told to {2} other directors",
                _versions.Director,
                changed.Count == 1 ? changed[0].Key.ToString() : $"{changed.Count} services",
                others.Length);
            foreach (var engine in others)
            {
                Send(engine, changed.ToImmutable());
            }
        }

        return changes.Length == 1 ? error : null;
    }

    private void Receive(PartStates states)
    {
        var isFirst = _received.Count == 0;
        foreach (var part in states.Parts.Where(_versions.Merge))
        {
            _received.Add(part.Key);
        }

        // After what is in the mailbox already: one new table for all of it.
        if (isFirst && _received.Count > 0)
        {
            Self.Tell(PutReceivedInForce.Instance);
        }
    }

    private void PutInForce()
    {
        PartKey[] keys = [.. _received];
        _received.Clear();
        TryBring(keys);
    }

    /// <summary>Puts the known states of parts in force. When the engine refuses one, it keeps that one as it was; it is tried again now and then.</summary>
    private void TryBring(ReadOnlySpan<PartKey> keys)
    {
        try
        {
            Bring(keys.ToArray());
        }
        catch (EngineException) when (keys.Length > 1)
        {
            TryBring(keys[..(keys.Length / 2)]);
            TryBring(keys[(keys.Length / 2)..]);
        }
        catch (EngineException refusal)
        {
            var part = _versions.Part(keys[0]);
            var line = $"{part.Key} stays as it was on {_versions.Director}, what {part.By} changed cannot be put in force here: {refusal.Message}";
            if (line != _lastRefusal)
            {
                _log.Error("{0}", line);
            }

            _lastRefusal = line;
        }
    }

    private void Bring(IEnumerable<PartKey> keys)
    {
        var table = _versions.Into(_engine.Table, keys);
        if (!TableDifference.Between(_engine.Table, table).IsEmpty)
        {
            Put(table, change => change.Part is { } key ? _versions.Part(key).By : "configuration");
        }
    }

    private void Put(ForwardingTable table, Func<TableChange, string> who)
    {
        var changes = TableDifference.Between(_engine.Table, table);
        _engine.Apply(table);
        foreach (var change in changes)
        {
            _log.Info("{0}: {1}", who(change), change);
        }
    }

    private void OnTick()
    {
        var round = ++_ticks % TicksOfARound == 0;
        if (round)
        {
            TellDifference();
            // What the engine refused before, and what a crash left undone. While owners are asked the table may be ahead of what is known.
            if (_waiting == 0)
            {
                TryBring(_versions.Parts.Select(part => part.Key).ToArray());
            }
        }

        if (_owners is { Engines.IsMember: true })
        {
            ReportParts(_owners.Region);
            var others = _owners.Engines.Others;
            if (others.Length > 0 && (round || others.Length > _otherEngines))
            {
                others[Random.Shared.Next(others.Length)].Tell(new CompareTables(_versions.Digest()), Self);
            }

            _otherEngines = others.Length;
        }
    }

    private void TellDifference()
    {
        var differs = !TableDifference.Between(_versions.File, _engine.Table).IsEmpty;
        if (differs != _differsFromFile)
        {
            _log.Info("{0}", differs ? "the table in force differs from the configuration file: 'director status' shows how" : "the table in force is what the configuration file says");
        }

        _differsFromFile = differs;
    }

    /// <summary>A part of all parts a tick, so that a round has them all.</summary>
    private void ReportParts(IActorRef region)
    {
        if (_toReport.Count == 0)
        {
            foreach (var part in _versions.Parts.Where(part => !part.Content.Services.IsEmpty || part.Key == PartKey.Timeouts || _versions.Definition(part.Key) is not null))
            {
                _toReport.Enqueue(part.Key);
            }
        }

        for (var left = (_versions.Parts.Count / TicksOfARound) + 1; left > 0 && _toReport.TryDequeue(out var key); left--)
        {
            var part = _versions.Part(key);
            var isNews = _versions.Definition(key) is { } definition && (!part.Version.IsOwned || part.IsOverruledBy(definition));
            region.Tell(new ReportPart(key, part.Version, isNews ? new(_versions.Definition(key)!, $"the configuration of {_versions.Director}") : null));
        }
    }

    private void Compare(CompareTables compare)
    {
        if (compare.Digest == _versions.Digest())
        {
            return;
        }

        foreach (var piece in _versions.Versions(VersionsInAMessage))
        {
            Sender.Tell(piece);
        }
    }

    private void Compare(KnownVersions known)
    {
        var (toSend, toAsk) = _versions.Compare(known);
        if (!toSend.IsEmpty)
        {
            Send(Sender, toSend);
        }

        foreach (var keys in toAsk.Chunk(VersionsInAMessage))
        {
            Sender.Tell(new GetParts([.. keys]));
        }
    }

    private void Send(ICanTell receiver, ImmutableArray<TablePart> parts)
    {
        foreach (var message in PartStates.Cut(parts))
        {
            receiver.Tell(message, Self);
        }
    }

    /// <summary>The asker hears of a failure too. What the engine refuses is the asker's to put right; anything else the supervisor logs, and starts this actor again.</summary>
    private void Answer(Func<object?> answer)
    {
        try
        {
            if (answer() is { } now)
            {
                Sender.Tell(now);
            }
        }
        catch (EngineException refusal)
        {
            Sender.Tell(new Status.Failure(refusal));
        }
        catch (Exception failure)
        {
            Sender.Tell(new Status.Failure(failure));
            throw;
        }
    }

    /// <summary>Changes of the configuration file, and what it now says; answered by <see cref="EditAnswer"/>.</summary>
    public sealed record ApplyChanges(ImmutableArray<TableChange> Changes, ForwardingTable File);

    /// <summary>Zeroes the totals of a service, or of all; answered by <see cref="EditAnswer"/>.</summary>
    public sealed record Zero(ServiceKey? Service);

    /// <summary>Answered by <see cref="EngineReport"/>.</summary>
    public sealed record GetReport;

    /// <summary>Answered by <see cref="ConnectionsAnswer"/>.</summary>
    public sealed record GetConnections;

    /// <summary>Answers a <see cref="TableEdit"/> and the like: null when it was done.</summary>
    public sealed record EditAnswer(EditError? Error);

    /// <summary>Every connection and persistence template.</summary>
    public sealed record ConnectionsAnswer(ImmutableArray<ConnectionReport> Connections);

    /// <summary>The owners have answered, or have not in time (null).</summary>
    private sealed record Settled(ImmutableArray<(PartKey Key, PartChange Change)> Changes, ImmutableArray<PartChanged?> Answers);

    private sealed class PutReceivedInForce
    {
        public static PutReceivedInForce Instance { get; } = new();
    }

    private sealed class Tick
    {
        public static Tick Instance { get; } = new();
    }
}
