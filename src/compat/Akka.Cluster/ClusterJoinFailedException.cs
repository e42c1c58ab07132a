using Akka.Actor;

namespace Akka.Cluster;

public class ClusterJoinFailedException : AkkaException
{
    public ClusterJoinFailedException(string message)
        : base(message)
    {
    }
}
