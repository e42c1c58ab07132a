namespace Akka.Cluster;

/// <summary>Where a member is in its life. A merge of two views keeps the later: Joining, WeaklyUp, Up, Leaving, Exiting, Down, Removed.</summary>
public enum MemberStatus
{
    Joining = 0,
    Up = 1,
    Leaving = 2,
    Exiting = 3,
    Down = 4,
    Removed = 5,
    WeaklyUp = 6,
}
