namespace Akka.Cluster.Sharding;

public interface IShardRegionCommand
{
}

/// <summary>An entity asks its parent to be stopped: the parent sends it <see cref="StopMessage"/> and keeps what comes for it meanwhile for its next incarnation.</summary>
public sealed class Passivate : IShardRegionCommand
{
    public Passivate(object stopMessage) => StopMessage = stopMessage;

    public object StopMessage { get; }
}

/// <summary>Hands the region's shards over to other regions, then stops it.</summary>
public sealed class GracefulShutdown : IShardRegionCommand
{
    public static readonly GracefulShutdown Instance = new();

    private GracefulShutdown()
    {
    }
}
