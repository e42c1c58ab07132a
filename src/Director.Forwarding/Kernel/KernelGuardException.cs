namespace Director.Forwarding.Kernel;

/// <summary>The host's kernel cannot be set up. The message is one line for the operator.</summary>
/// <param name="message">What is wrong and what to do.</param>
public sealed class KernelGuardException(string message) : Exception(message);
