namespace Director.Forwarding;

/// <summary>The engine cannot do what it is asked for; the message says in one line what is wrong and what to do.</summary>
public sealed class EngineException(string message) : Exception(message);
