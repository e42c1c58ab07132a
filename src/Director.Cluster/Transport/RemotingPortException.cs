using Akka.Remote;

namespace Director.Cluster.Transport;

/// <summary>The port that other directors should reach cannot be had. The message is one line for the operator.</summary>
internal sealed class RemotingPortException(string message, Exception cause) : RemoteTransportException(message, cause);
