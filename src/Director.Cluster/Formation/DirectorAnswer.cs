using Director.Cluster.Availability;

namespace Director.Cluster.Formation;

/// <summary>What a director that was asked said.</summary>
/// <param name="Asked">The <c>host:port</c> that was called.</param>
/// <param name="Address">Its Akka address.</param>
/// <param name="Cluster">The Akka cluster that it is in; null is none.</param>
internal sealed record DirectorAnswer(string Asked, string Address, ClusterIdentity? Cluster);
