using Akka.Actor;
using Akka.Cluster;

namespace Director.Cluster.Formation;

/// <summary>Keeps Akka's own resolvers out: <see cref="FormationActor"/> downs members by <see cref="Downing"/>.</summary>
internal sealed class FormationDowning : IDowningProvider
{
    /// <summary>Called by Akka.</summary>
    public FormationDowning(ActorSystem system, Akka.Cluster.Cluster cluster)
    {
    }

    /// <inheritdoc/>
    public TimeSpan DownRemovalMargin => TimeSpan.Zero;

    /// <inheritdoc/>
    public Props? DowningActorProps => null;
}
