using Akka.Actor;
using Director.Cluster.Membership;
using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>
/// The owner of a part of the table, one in the cluster: an entity of the shard region. When it starts it asks every engine for the state it has before it answers anybody.
/// It owns the health of the service's real servers as well, which <see cref="Health.HealthService"/> looks after.
/// </summary>
internal sealed class ServiceOwnerActor : ReceiveActor, IWithTimers
{
    /// <summary>How long an engine may take to answer a new owner; well below <see cref="EngineActor.DefaultOwnersTime"/>.</summary>
    private static readonly TimeSpan EnginesTime = TimeSpan.FromMilliseconds(800);

    private readonly IMemberActors _engines;
    private readonly string _owner;
    private readonly Action<ServiceKey, bool>? _owns;
    private readonly Queue<(IToOwner Request, IActorRef Asker)> _early = new();
    private ServiceOwner? _decisions;
    private PartKey? _key;
    private int _answersMissing;

    /// <param name="engines">The cluster's engines.</param>
    /// <param name="owner">This director, for the versions of changes.</param>
    /// <param name="owns">Told when this director begins and ends to own a service: its owner checks its real servers.</param>
    public ServiceOwnerActor(IMemberActors engines, string owner, Action<ServiceKey, bool>? owns = null)
    {
        _owns = owns;
        _engines = engines;
        _owner = owner;
        Receive<IToOwner>(request =>
        {
            _early.Enqueue((request, Sender));
            if (_decisions is null)
            {
                AskEngines(request.Key);
            }
        });
        Receive<PartStates>(states =>
        {
            Learn(states);
            _answersMissing--;
            StartWhenAllAnswered();
        });
        Receive<EnginesSilent>(_ =>
        {
            _answersMissing = 0;
            StartWhenAllAnswered();
        });
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PostStop() => Owns(false);

    private void Owns(bool isOwned)
    {
        if (_key?.Service is { } service)
        {
            _owns?.Invoke(service, isOwned);
        }
    }

    private void AskEngines(PartKey key)
    {
        _decisions = new ServiceOwner(key, _owner);
        _key = key;
        var engines = _engines.All;
        _answersMissing = engines.Length;
        foreach (var engine in engines)
        {
            engine.Tell(new GetParts([key]), Self);
        }

        Timers.StartSingleTimer(EnginesSilent.Instance, EnginesSilent.Instance, EnginesTime);
    }

    private void StartWhenAllAnswered()
    {
        if (_answersMissing > 0)
        {
            return;
        }

        Timers.Cancel(EnginesSilent.Instance);
        Owns(true);
        Become(() =>
        {
            Receive<IToOwner>(request => Handle(request, Sender));
            Receive<PartStates>(Learn);
            Receive<EnginesSilent>(_ => { });
        });
        while (_early.TryDequeue(out var early))
        {
            Handle(early.Request, early.Asker);
        }
    }

    private void Learn(PartStates states)
    {
        foreach (var part in states.Parts)
        {
            _decisions!.Learn(part);
        }
    }

    private void Handle(IToOwner request, IActorRef asker)
    {
        switch (request)
        {
            case ChangePart change:
                var (answer, isChanged) = _decisions!.Change(change, Context.System.Scheduler.Now);
                asker.Tell(answer);
                if (isChanged)
                {
                    Publish();
                }

                break;
            case ReportPart report:
                var response = _decisions!.Report(report);
                if (response.IsChanged)
                {
                    Publish();
                }
                else if (response.IsReporterBehind)
                {
                    asker.Tell(new PartStates([_decisions.Part]));
                }

                if (response.IsBehind)
                {
                    asker.Tell(new GetParts([report.Key]));
                }

                break;
        }
    }

    private void Publish()
    {
        foreach (var engine in _engines.All)
        {
            engine.Tell(new PartStates([_decisions!.Part]), Self);
        }
    }

    private sealed class EnginesSilent
    {
        public static EnginesSilent Instance { get; } = new();
    }
}
