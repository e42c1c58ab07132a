namespace Akka.Actor;

/// <summary>A message of the lifecycle; overtakes user messages and is handled also while the actor is suspended.</summary>
internal interface ISystemMessage
{
}

/// <summary>Waits while the actor's children stop for a restart: its answer depends on the incarnation to come.</summary>
internal interface IWaitsForRestart : ISystemMessage
{
}

internal sealed record CreateActor : ISystemMessage;

internal sealed record SuspendActor : IWaitsForRestart;

/// <param name="CausedByFailure">The failure that is forgiven; null when the suspension came from above.</param>
internal sealed record ResumeActor(Exception CausedByFailure) : IWaitsForRestart;

internal sealed record RestartActor(Exception Cause) : IWaitsForRestart;

internal sealed record TerminateActor : ISystemMessage;

/// <summary>From a child to its supervisor. The child is suspended until it hears.</summary>
internal sealed record ChildFailed(IInternalActorRef Child, Exception Cause) : IWaitsForRestart;

internal sealed record WatchActor(IInternalActorRef Watchee, IInternalActorRef Watcher) : ISystemMessage;

internal sealed record UnwatchActor(IInternalActorRef Watchee, IInternalActorRef Watcher) : ISystemMessage;

/// <summary>To the parent and to all watchers.</summary>
internal sealed record ActorDied(IActorRef Actor, bool ExistenceConfirmed, bool AddressTerminated = false) : ISystemMessage;

/// <summary>The system at an address has gone, and all its actors with it.</summary>
internal sealed record AddressTerminated(Address Address) : ISystemMessage;
