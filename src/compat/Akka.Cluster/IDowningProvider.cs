using Akka.Actor;

namespace Akka.Cluster;

/// <summary>
/// Decides what becomes of members that are unreachable. <c>akka.cluster.downing-provider-class</c> names the class; its constructor takes the actor system and the <see cref="Cluster"/>.
/// </summary>
public interface IDowningProvider
{
    /// <summary>How long a downed member's removal waits before its work may start elsewhere.</summary>
    TimeSpan DownRemovalMargin { get; }

    /// <summary>The actor that decides, started with the cluster's own; null: nobody decides.</summary>
    Props DowningActorProps { get; }
}
