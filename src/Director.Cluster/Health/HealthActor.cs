using Akka.Actor;
using Director.Cluster.Membership;

namespace Director.Cluster.Health;

/// <summary>Carries what directors tell each other of health. It knows nothing: all of it belongs to <see cref="HealthService"/>, which outlives the actors.</summary>
internal sealed class HealthActor : ReceiveActor
{
    private readonly HealthService _health;
    private readonly Action<IHealthMessage> _toOthers;

    public HealthActor(HealthService health, IMemberActors members)
    {
        _health = health;
        var self = Self;
        _toOthers = message => self.Tell(new ToOthers(message), ActorRefs.NoSender);
        Receive<ToOthers>(told =>
        {
            foreach (var other in members.Others)
            {
                other.Tell(told.Message, Self);
            }
        });
        Receive<IHealthMessage>(health.Hear);
    }

    /// <summary>Starts it as <c>/user/health</c> on a system of the cluster, with <see cref="HealthSerializer.Configuration"/>.</summary>
    public static IActorRef Start(ActorSystem system, HealthService health)
    {
        const string Name = "health";
        var members = new MemberActors(system, Name);
#pragma warning disable AK1008 // Called from outside of any actor.
        return system.ActorOf(Props.Create(() => new HealthActor(health, members)), Name);
#pragma warning restore AK1008
    }

    /// <inheritdoc/>
    protected override void PreStart() => _health.Told += _toOthers;

    /// <inheritdoc/>
    protected override void PostStop() => _health.Told -= _toOthers;

    private sealed record ToOthers(IHealthMessage Message);
}
