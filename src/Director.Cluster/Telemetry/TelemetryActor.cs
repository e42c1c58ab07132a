using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Director.Cluster.Membership;

namespace Director.Cluster.Telemetry;

/// <summary>Sends this director's figures to the others, a part a second, and gathers theirs.</summary>
internal sealed class TelemetryActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    private readonly ClusterTelemetry _telemetry;
    private readonly IMemberActors _members;
    private readonly GatheredFigures _gathered = new();
    private readonly Queue<FiguresPart> _toSend = new();
    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);

    public TelemetryActor(ClusterTelemetry telemetry, IMemberActors members)
    {
        _telemetry = telemetry;
        _members = members;
        Receive<FiguresPart>(part => _gathered.Take(part, Context.System.Scheduler.MonotonicClock));
        Receive<Tick>(_ => OnTick());
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <summary>Starts it as <c>/user/telemetry</c> on a system of the cluster, with <see cref="FiguresSerializer.Configuration"/>.</summary>
    public static IActorRef Start(ActorSystem system, ClusterTelemetry telemetry)
    {
        const string Name = "telemetry";
        var members = new MemberActors(system, Name);
#pragma warning disable AK1008 // Called from outside of any actor.
        return system.ActorOf(Props.Create(() => new TelemetryActor(telemetry, members)), Name);
#pragma warning restore AK1008
    }

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer(Tick.Instance, Tick.Instance, Interval);

    /// <inheritdoc/>
    protected override void PostStop() => _telemetry.Publish("", [], []);

    private void OnTick()
    {
        var others = _members.Others;
        if (others.Length > 0)
        {
            var own = _telemetry.Own() with { Address = _cluster.SelfAddress.ToString() };
            if (_toSend.Count == 0)
            {
                foreach (var part in FiguresPart.Cut(own))
                {
                    _toSend.Enqueue(part);
                }
            }

            // The last of many parts must not tell of connections and groups as they were when the first was cut.
            var next = _toSend.Dequeue().At(own);
            foreach (var other in others)
            {
                other.Tell(next, Self);
            }
        }

        _telemetry.Publish(_cluster.SelfAddress.ToString(), Members(), _gathered.Figures(Context.System.Scheduler.MonotonicClock));
    }

    private ImmutableArray<MemberFigures> Members()
    {
        var state = _cluster.State;
        return [.. state.Members.Select(member => new MemberFigures(
            member.Address.ToString(),
            member.Status.ToString().ToLowerInvariant(),
            !state.Unreachable.Contains(member),
            member.Address.Equals(state.Leader),
            [.. member.Roles.Order(StringComparer.Ordinal)]))];
    }

    private sealed class Tick
    {
        public static Tick Instance { get; } = new();
    }
}
