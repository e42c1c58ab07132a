using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Transport;

namespace Director.Cluster.Transport;

/// <summary>The transport of a director alone: no port is opened and nobody is called. Akka's cluster cannot do without one.</summary>
internal sealed class AloneTransport : Akka.Remote.Transport.Transport
{
    private readonly TaskCompletionSource<IAssociationEventListener> _listener = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Called by Akka.</summary>
    public AloneTransport(ActorSystem system, Config config)
    {
        System = system;
        Config = config;
        SchemeIdentifier = "alone";
        MaximumPayloadBytes = 128_000;
    }

    /// <inheritdoc/>
    public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen() =>
        Task.FromResult((new Address(SchemeIdentifier, System.Name, "127.0.0.1", 1), _listener));

    /// <inheritdoc/>
    public override bool IsResponsibleFor(Address remote) => true;

    /// <inheritdoc/>
    public override Task<AssociationHandle> Associate(Address remoteAddress) =>
        Task.FromException<AssociationHandle>(new InvalidAssociationException($"{remoteAddress}: this director is alone"));

    /// <inheritdoc/>
    public override Task<bool> Shutdown() => Task.FromResult(true);
}
