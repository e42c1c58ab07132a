using Akka.Actor;
using Akka.Remote;

namespace Akka.Cluster;

/// <summary>Of members, the cluster says when they have gone; heartbeats of remoting's own are exchanged only with systems that are none.</summary>
internal sealed class ClusterRemoteWatcher : RemoteWatcher
{
    /// <summary>A member that left in order may have last words for others.</summary>
    private static readonly TimeSpan QuarantineAfterLeaving = TimeSpan.FromSeconds(5);

    private readonly HashSet<Address> _members = [];

    public ClusterRemoteWatcher(RemoteActorRefProvider provider)
        : base(provider)
    {
    }

    protected override void OnReceive(object message)
    {
        switch (message)
        {
            case ClusterEvent.MemberRemoved removed:
                Removed(removed);
                break;
            case ClusterEvent.IMemberEvent change when change.Member.UniqueAddress != Cluster.Get(Context.System).SelfUniqueAddress:
                _members.Add(change.Member.Address);
                UnwatchNode(change.Member.Address);
                break;
            case ClusterEvent.IMemberEvent:
                break;
            case DelayedQuarantine quarantine:
                Quarantine(quarantine.Node.Address, quarantine.Node.Uid);
                break;
            default:
                base.OnReceive(message);
                break;
        }
    }

    protected override void WatchNode(Address address)
    {
        if (!_members.Contains(address))
        {
            base.WatchNode(address);
        }
    }

    private void Removed(ClusterEvent.MemberRemoved removed)
    {
        var node = removed.Member.UniqueAddress;
        if (node == Cluster.Get(Context.System).SelfUniqueAddress)
        {
            return;
        }

        _members.Remove(node.Address);
        if (removed.PreviousStatus == MemberStatus.Down)
        {
            Quarantine(node.Address, node.Uid);
        }
        else
        {
            Timers.StartSingleTimer(node, new DelayedQuarantine(node), QuarantineAfterLeaving);
        }

        PublishAddressTerminated(node.Address);
    }

    private sealed record DelayedQuarantine(UniqueAddress Node);
}
