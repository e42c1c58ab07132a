using System.Collections.Immutable;
using System.Text.Json;
using Director.Cluster.Availability;
using Director.Cluster.Availability.Vrrp;
using Director.Cluster.Partitioning;
using Director.Forwarding;

namespace Director.Cluster.Telemetry;

/// <summary>A director's availability and synchronisation as the cluster's figures show them.</summary>
/// <param name="availability">Null: it holds everything and hears nobody.</param>
/// <param name="partitions">Null: a group has one holder.</param>
/// <param name="vrrp">Null: no group is held by VRRP.</param>
internal sealed class AvailabilityFigures(AvailabilityService? availability, Partitions? partitions, VrrpService? vrrp = null)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(200);
    private volatile AvailabilityReport? _last;
    private volatile VrrpReport? _lastVrrp;

    /// <summary>Groups and what this director does for them.</summary>
    public ImmutableArray<GroupFigures> Groups() =>
    [
        .. (Report()?.Groups ?? []).Select(group => new GroupFigures(group.Name, group.Addresses, RoleOf(group.Role)) { Takes = group.Takes, Partition = PartitionOf(group.Name) }),
        .. (VrrpReport()?.Groups ?? []).Select(group => new GroupFigures(group.Name, group.Addresses, RoleOf(group.Role)) { Takes = group.Takes, Vrrp = Of(group) }),
    ];

    /// <summary>VRRP packets that were not taken, by why.</summary>
    public ImmutableSortedDictionary<string, ulong> Vrrp() => VrrpReport() is { } report
        ? report.Refused.ToImmutableSortedDictionary(fault => $"drop-{JsonNamingPolicy.KebabCaseLower.ConvertName(fault.Key.ToString())}", fault => (ulong)fault.Value, StringComparer.Ordinal)
        : ImmutableSortedDictionary<string, ulong>.Empty;

    /// <summary>What this director hears.</summary>
    public HeartbeatFigures? Heartbeat()
    {
        if (availability?.Heard is not { Self: var self } heard)
        {
            return null;
        }

        var figures = new HeartbeatFigures(self.IsEligible, self.PingNodes, self.PingNodesReached, [.. heard.Others.Select(other => other.Name)]);
        return Report() is { } report
            ? figures with
            {
                LongestPauseSeconds = report.LongestPause.TotalSeconds,
                Counters = report.Refused.ToImmutableSortedDictionary(fault => $"drop-{JsonNamingPolicy.KebabCaseLower.ConvertName(fault.Key.ToString())}", fault => (ulong)fault.Value, StringComparer.Ordinal),
            }
            : figures;
    }

    /// <summary>How far this director has the others' connections.</summary>
    public static SynchronisationFigures Of(SynchronisationReport report) => new(
        report.IsSynchronised,
        [
            .. report.Peers.Select(peer => new SynchronisationPeerFigures(
                peer.Peer.Name,
                peer.Stage switch { SynchronisationStage.Snapshot => "snapshot", SynchronisationStage.CaughtUp => "caught-up", _ => "behind" },
                peer.Records,
                peer.Behind,
                peer.Lost)),
        ])
    {
        Counters = report.Counters,
    };

    private static VrrpFigures Of(VrrpGroupReport group) => new(
        JsonNamingPolicy.KebabCaseLower.ConvertName(group.State.ToString()),
        group.Priority,
        group.Reason,
        [.. group.Routers.Select(router => new VirtualRouterFigures(router.Interface, router.RouterId, router.Master?.ToString() ?? "", router.MasterPriority))])
    {
        Sent = group.Sent,
        Received = group.Received,
    };

    private PartitionFigures? PartitionOf(string group) => partitions?.ShareOf(group) is { } share && partitions.MapOf(group) is { } map
        ? PartitionFigures.Of(share.Blocks) with { Epoch = (ulong)map.Epoch, Master = partitions.MasterOf(group) ?? "", Weight = partitions.SettingsOf(group)!.Weight }
        : null;

    private static string RoleOf(GroupRole role) => role switch
    {
        GroupRole.Holds => "holds",
        GroupRole.HandsOver => "hands-over",
        GroupRole.Leaves => "leaves",
        _ => "waits",
    };

    private VrrpReport? VrrpReport()
    {
        try
        {
            if (vrrp?.Report() is { } report && report.Wait(Patience))
            {
                _lastVrrp = report.Result;
            }
        }
        catch (AggregateException)
        {
            // It has stopped.
            _lastVrrp = null;
        }

        return _lastVrrp;
    }

    // The heartbeat thread answers between two heartbeats; when it cannot in time, what it said last has to do.
    private AvailabilityReport? Report()
    {
        try
        {
            if (availability?.Report() is { } report && report.Wait(Patience))
            {
                _last = report.Result;
            }
        }
        catch (AggregateException)
        {
            // It has stopped.
            _last = null;
        }

        return _last;
    }
}
