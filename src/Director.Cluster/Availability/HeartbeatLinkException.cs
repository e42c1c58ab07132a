namespace Director.Cluster.Availability;

/// <summary>A heartbeat link cannot be opened; the message says why in one line.</summary>
internal sealed class HeartbeatLinkException(string message) : Exception(message);
