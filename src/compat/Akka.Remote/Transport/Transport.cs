using Akka.Actor;
using Akka.Configuration;

namespace Akka.Remote.Transport;

/// <summary>
/// Carries byte strings between systems. Named in <c>akka.remote.enabled-transports</c> by a section whose <c>transport-class</c> has a constructor that takes an <see cref="ActorSystem"/> and that section.
/// </summary>
public abstract class Transport
{
    public Config Config { get; protected set; }

    public ActorSystem System { get; protected set; }

    /// <summary>The protocol in the addresses of this transport, without the <c>akka.</c> before it.</summary>
    public virtual string SchemeIdentifier { get; protected set; }

    /// <summary>The longest byte string that a handle takes.</summary>
    public virtual long MaximumPayloadBytes { get; protected set; }

    /// <summary>Begins to listen; associations from elsewhere go to the listener that the caller sets.</summary>
    public abstract Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen();

    public abstract bool IsResponsibleFor(Address remote);

    /// <summary>Connects; fails with an <see cref="InvalidAssociationException"/>.</summary>
    public abstract Task<AssociationHandle> Associate(Address remoteAddress);

    public abstract Task<bool> Shutdown();

    public virtual Task<bool> ManagementCommand(object message) => Task.FromResult(false);
}

public class InvalidAssociationException : AkkaException
{
    public InvalidAssociationException(string message, Exception cause = null)
        : base(message, cause)
    {
    }
}

/// <summary>Translates between the addresses of actors, <c>akka.tcp://...</c>, and those of transports, <c>tcp://...</c>.</summary>
public class SchemeAugmenter
{
    public readonly string AddedSchemeIdentifier;

    public SchemeAugmenter(string addedSchemeIdentifier) => AddedSchemeIdentifier = addedSchemeIdentifier;

    public string AugmentScheme(string originalScheme) => $"{AddedSchemeIdentifier}.{originalScheme}";

    public Address AugmentScheme(Address address) => address.WithProtocol(AugmentScheme(address.Protocol));

    public string RemoveScheme(string scheme) =>
        scheme.StartsWith(AddedSchemeIdentifier + ".", StringComparison.Ordinal) ? scheme[(AddedSchemeIdentifier.Length + 1)..] : scheme;

    public Address RemoveScheme(Address address) => address.WithProtocol(RemoveScheme(address.Protocol));
}
