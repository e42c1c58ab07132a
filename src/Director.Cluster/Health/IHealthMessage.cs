namespace Director.Cluster.Health;

/// <summary>What directors tell each other of health.</summary>
internal interface IHealthMessage;
