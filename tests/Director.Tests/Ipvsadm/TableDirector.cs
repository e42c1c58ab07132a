using System.Collections.Immutable;
using Director.Cluster.VirtualServices;
using Director.Control;
using Director.Forwarding;

namespace Director.Tests.Ipvsadm;

/// <summary>A director that has a table and nothing else.</summary>
internal sealed class TableDirector
{
    /// <summary>The table in force.</summary>
    public ForwardingTable Table { get; private set; } = ForwardingTable.Empty;

    /// <summary>The synchronisation daemons that run.</summary>
    public List<IpvsDaemonOptions> Daemons { get; } = [];

    /// <summary>Its services without traffic.</summary>
    public IReadOnlyList<VirtualServiceReport> Services => Engine().Services;

    /// <summary>Answers as the running director does.</summary>
    public ControlResponse Ask(ControlRequest request)
    {
        switch (request)
        {
            case ControlRequest.Report:
                return new() { Report = new("test", "director", DateTimeOffset.UnixEpoch, Table.Timeouts, Engine()) };
            case ControlRequest.Edit edit:
                EditResult result = TableEditor.Apply(Table, edit.Change);
                Table = result.Table ?? Table;
                return result.Error is { } error ? ControlResponse.Refused(ControlError.Refused, error.Text) : ControlResponse.Done;
            case ControlRequest.Zero { Service: { } key } when Table.Services.All(service => service.Key != key):
                return ControlResponse.Refused(ControlError.Refused, "No such service");
            case ControlRequest.Daemons:
                return new() { Daemons = [.. Daemons.OrderBy(daemon => daemon.Role)] };
            case ControlRequest.StartDaemon start when Daemons.Exists(daemon => daemon.Role == start.Daemon.Role):
                return ControlResponse.Refused(ControlError.Failed, "Daemon has already run");
            case ControlRequest.StartDaemon start:
                Daemons.Add(start.Daemon);
                return ControlResponse.Done;
            case ControlRequest.StopDaemon stop when Daemons.RemoveAll(daemon => daemon.Role == stop.Role) == 0:
                return ControlResponse.Refused(ControlError.Failed, "No daemon is running");
            default:
                return ControlResponse.Done;
        }
    }

    /// <summary>What the engine would report before the first packet, the last real server first.</summary>
    public EngineReport Engine() => new(
        [
            .. Table.Services.Select(static service => new VirtualServiceReport(
                service, [.. service.RealServers.Reverse().Select(static server => new RealServerReport(server, 0, 0, 0, false, default, default))], default, default)),
        ],
        0,
        4096,
        ImmutableSortedDictionary<string, ulong>.Empty,
        1,
        []);
}
