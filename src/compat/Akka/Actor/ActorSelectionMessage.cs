namespace Akka.Actor;

/// <summary>A message to whoever is at a path from its recipient, which is in another system.</summary>
internal sealed record ActorSelectionMessage(object Message, string[] Elements);
