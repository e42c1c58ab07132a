using Akka.Actor;
using Director.Cluster.Availability;

namespace Director.Cluster.Transport;

/// <summary>What the transport of an actor system and the formation of the cluster know of each other.</summary>
internal sealed class DirectorRemoting : IExtension
{
    private volatile Handshake? _handshake;
    private volatile Complaints? _complaints;
    private volatile ClusterIdentity? _cluster;

    /// <summary>How others are called; null while there is no transport.</summary>
    public Handshake? Handshake
    {
        get => _handshake;
        set => _handshake = value;
    }

    /// <summary>Where it is said what is wrong with a peer; null while there is no transport.</summary>
    public Complaints? Complaints
    {
        get => _complaints;
        set => _complaints = value;
    }

    /// <summary>What who asks is told: the Akka cluster that this director is in, or null.</summary>
    public ClusterIdentity? Cluster
    {
        get => _cluster;
        set => _cluster = value;
    }

    /// <summary>That of an actor system.</summary>
    public static DirectorRemoting Get(ActorSystem system) => Provider.Instance.Apply(system);

    private sealed class Provider : ExtensionIdProvider<DirectorRemoting>
    {
        public static readonly Provider Instance = new();

        public override DirectorRemoting CreateExtension(ExtendedActorSystem system) => new();
    }
}
