using System.Collections.Immutable;
using System.Net;
using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>
/// One difference between two tables. It says itself in one line, and can be applied to a third table: what is not part of the difference stays there as it is, so that a
/// change of the file leaves alone what <c>ipvsadm</c> changed elsewhere.
/// </summary>
internal abstract record TableChange
{
    /// <summary>The table with the change. Applying it again changes nothing.</summary>
    public abstract ForwardingTable Apply(ForwardingTable table);

    /// <summary>The part of the table that it belongs to; null: none, each director has its own.</summary>
    public virtual PartKey? Part => null;

    /// <summary>The table with all changes.</summary>
    public static ForwardingTable Apply(ForwardingTable table, IEnumerable<TableChange> changes) => changes.Aggregate(table, (at, change) => change.Apply(at));

    /// <summary>Puts a service in place of the one with its key, or at the end.</summary>
    private static ForwardingTable Put(ForwardingTable table, VirtualServiceSpec service)
    {
        var index = TableEditor.IndexOf(table, service.Key);
        return table with { Services = index < 0 ? table.Services.Add(service) : table.Services.SetItem(index, service) };
    }

    private static string Name(VirtualServiceSpec service) => service.Name.Length == 0 ? service.Key.ToString() : $"{service.Name} ({service.Key})";

    private static string Address(IPAddress address, ushort port) => new IPEndPoint(address, port).ToString();

    private static string Settings(RealServerSpec server)
    {
        var method = server.Method switch
        {
            ForwardingMethod.Nat => "nat",
            ForwardingMethod.Local => "local",
            ForwardingMethod.Tunnel => server.Tunnel.Type switch
            {
                TunnelType.Gue => $"tunnel (gue, port {server.Tunnel.Port})",
                TunnelType.Gre => "tunnel (gre)",
                _ => "tunnel",
            },
            _ => "direct",
        };
        var thresholds = server.UpperThreshold == 0 ? "" : $", thresholds {server.UpperThreshold}/{server.LowerThreshold}";
        return $"{method}, weight {server.Weight}{thresholds}";
    }

    private static string Settings(VirtualServiceSpec service)
    {
        var flags = service.SchedulerFlags == SchedulerFlags.None ? "" : $" ({service.SchedulerFlags.ToString().ToLowerInvariant()})";
        var persistence = service.Persistence is { } keep ? $", persistent {keep.TimeoutSeconds} s /{keep.PrefixLength}" : "";
        var onePacket = service.OnePacket ? ", one packet" : "";
        var access = service.Access.Allow.IsEmpty && service.Access.Deny.IsEmpty
            ? ""
            : $", allow [{string.Join(' ', service.Access.Allow)}] deny [{string.Join(' ', service.Access.Deny)}]";
        return service.Scheduler + flags + persistence + onePacket + access;
    }

    /// <summary>A service that was not there.</summary>
    public sealed record ServiceAdded(VirtualServiceSpec Service) : TableChange
    {
        /// <inheritdoc/>
        public override PartKey? Part => new PartKey(Service.Key);

        /// <inheritdoc/>
        public override ForwardingTable Apply(ForwardingTable table) => Put(table, Service);

        /// <inheritdoc/>
        public override string ToString() =>
            $"virtual service {Name(Service)} added: {Settings(Service)}; real servers: {(Service.RealServers.IsEmpty ? "none" : string.Join(", ", Service.RealServers.Select(server => $"{Address(server.Address, server.Port)} {Settings(server)}")))}";
    }

    /// <summary>A service that is gone.</summary>
    public sealed record ServiceRemoved(VirtualServiceSpec Service) : TableChange
    {
        /// <inheritdoc/>
        public override PartKey? Part => new PartKey(Service.Key);

        /// <inheritdoc/>
        public override ForwardingTable Apply(ForwardingTable table)
        {
            var index = TableEditor.IndexOf(table, Service.Key);
            return index < 0 ? table : table with { Services = table.Services.RemoveAt(index) };
        }

        /// <inheritdoc/>
        public override string ToString() => $"virtual service {Name(Service)} removed";
    }

    /// <summary>A service with another scheduler, persistence, access list, ... Where <c>ipvsadm</c> has deleted it, it comes back whole.</summary>
    public sealed record ServiceChanged(VirtualServiceSpec Before, VirtualServiceSpec After) : TableChange
    {
        /// <inheritdoc/>
        public override PartKey? Part => new PartKey(After.Key);

        /// <inheritdoc/>
        public override ForwardingTable Apply(ForwardingTable table)
        {
            var index = TableEditor.IndexOf(table, After.Key);
            return Put(table, index < 0 ? After : After with { RealServers = table.Services[index].RealServers });
        }

        /// <inheritdoc/>
        public override string ToString() => Settings(Before) == Settings(After)
            ? $"virtual service {Name(Before)} is now called {Name(After)}"
            : $"virtual service {Name(After)} changed: {Settings(Before)} -> {Settings(After)}";
    }

    /// <summary>A real server that was not there, or is there with other settings.</summary>
    public sealed record ServerSet(VirtualServiceSpec Service, RealServerSpec? Before, RealServerSpec After) : TableChange
    {
        /// <inheritdoc/>
        public override PartKey? Part => new PartKey(Service.Key);

        /// <inheritdoc/>
        public override ForwardingTable Apply(ForwardingTable table)
        {
            var index = TableEditor.IndexOf(table, Service.Key);
            if (index < 0)
            {
                return Put(table, Service);
            }

            var service = table.Services[index];
            var place = TableEditor.IndexOf(service, After.Address, After.Port);
            return Put(table, service with { RealServers = place < 0 ? service.RealServers.Add(After) : service.RealServers.SetItem(place, After) });
        }

        /// <inheritdoc/>
        public override string ToString() =>
            $"virtual service {Name(Service)}: real server {Address(After.Address, After.Port)} {(Before is null ? "added: " : $"changed: {Settings(Before)} -> ")}{Settings(After)}";
    }

    /// <summary>A real server that is gone.</summary>
    public sealed record ServerRemoved(VirtualServiceSpec Service, RealServerSpec Server) : TableChange
    {
        /// <inheritdoc/>
        public override PartKey? Part => new PartKey(Service.Key);

        /// <inheritdoc/>
        public override ForwardingTable Apply(ForwardingTable table)
        {
            var index = TableEditor.IndexOf(table, Service.Key);
            if (index < 0)
            {
                return Put(table, Service);
            }

            var service = table.Services[index];
            var place = TableEditor.IndexOf(service, Server.Address, Server.Port);
            return place < 0 ? table : Put(table, service with { RealServers = service.RealServers.RemoveAt(place) });
        }

        /// <inheritdoc/>
        public override string ToString() => $"virtual service {Name(Service)}: real server {Address(Server.Address, Server.Port)} removed";
    }

    /// <summary>Other idle timeouts.</summary>
    public sealed record TimeoutsChanged(Timeouts Before, Timeouts After) : TableChange
    {
        /// <inheritdoc/>
        public override PartKey? Part => PartKey.Timeouts;

        /// <inheritdoc/>
        public override ForwardingTable Apply(ForwardingTable table) => table with { Timeouts = After };

        /// <inheritdoc/>
        public override string ToString() => $"timeouts (tcp tcpfin udp) changed: {Before.Tcp} {Before.TcpFin} {Before.Udp} -> {After.Tcp} {After.TcpFin} {After.Udp}";
    }

    /// <summary>Other rules that put marks on packets.</summary>
    public sealed record MarksChanged(ImmutableArray<MarkRule> After) : TableChange
    {
        /// <inheritdoc/>
        public override ForwardingTable Apply(ForwardingTable table) => table with { Marks = After };

        /// <inheritdoc/>
        public override string ToString() => $"marks changed: {After.Length} rules";
    }

    /// <summary>Other rules for source NAT.</summary>
    public sealed record MasqueradeChanged(ImmutableArray<MasqueradeRule> After) : TableChange
    {
        /// <inheritdoc/>
        public override ForwardingTable Apply(ForwardingTable table) => table with { Masquerade = After };

        /// <inheritdoc/>
        public override string ToString() => $"masquerade changed: {(After.IsEmpty ? "none" : string.Join(", ", After.Select(rule => $"{rule.Source} as {rule.Address}")))}";
    }

    /// <summary>Other options.</summary>
    public sealed record OptionsChanged(ForwardingOptions Before, ForwardingOptions After) : TableChange
    {
        /// <inheritdoc/>
        public override ForwardingTable Apply(ForwardingTable table) => table with { Options = After };

        /// <inheritdoc/>
        public override string ToString() => $"options changed: {Before} -> {After}";
    }
}
