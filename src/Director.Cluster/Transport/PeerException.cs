namespace Director.Cluster.Transport;

/// <summary>A director cannot be spoken with. The message is one line: who, why, and what to do.</summary>
internal sealed class PeerException(string message, Exception? cause = null) : Exception(message, cause);
