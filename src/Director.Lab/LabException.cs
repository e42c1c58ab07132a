namespace Director.Lab;

/// <summary>The lab could not do something; the message is for its user, in one line where the reason is one.</summary>
/// <param name="message">What, and why.</param>
public sealed class LabException(string message) : Exception(message);
