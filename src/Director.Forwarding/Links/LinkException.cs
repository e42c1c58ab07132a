namespace Director.Forwarding.Links;

/// <summary>An interface cannot be used; the message is for the operator and says what to do.</summary>
public sealed class LinkException(string message) : Exception(message);
