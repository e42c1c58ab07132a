using System.Globalization;
using System.Net;
using System.Text;
using Director.Cluster.Health;
using Director.Cluster.Telemetry;
using Director.Forwarding;

namespace Director.Http;

/// <summary>The cluster's figures in Prometheus's text format, version 0.0.4, every director's under its own label.</summary>
internal static class PrometheusText
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>All figures. A director that has not been heard from for this many seconds is down and has no other figures: old ones would look like new ones.</summary>
    private const double Silence = 10;

    public static string Format(ClusterFigures cluster)
    {
        Families families = new();
        foreach (DirectorFigures director in cluster.Directors)
        {
            Add(families, director);
        }

        foreach (MemberFigures member in cluster.Members)
        {
            families.Gauge("director_member_reachable", "Whether the failure detectors of the answering director hear a member of the cluster.").Add(
                member.IsReachable ? 1 : 0, ("address", member.Address), ("status", member.Status));
        }

        return families.ToString();
    }

    private static void Add(Families families, DirectorFigures director)
    {
        var name = ("director", director.Name);
        bool isUp = director.AgeSeconds < Silence;
        families.Gauge("director_up", "Whether the director's figures reach the answering director.").Add(isUp ? 1 : 0, name);
        if (!isUp)
            return;
        EngineReport engine = director.Engine;
        families.Gauge("director_info", "The program.").Add(1, name, ("version", director.Program));
        families.Gauge("director_start_time_seconds", "When the director started, in seconds since 1970.").Add(director.Started.ToUnixTimeMilliseconds() / 1000.0, name);
        families.Gauge("director_connections", "Connections held, without templates.").Add(engine.ConnectionCount, name);
        families.Gauge("director_connection_capacity", "Connections that there is room for.").Add(engine.ConnectionCapacity, name);
        families.Gauge("director_table_differences", "Differences of the table in force from the configuration file.").Add(director.Differences.Length, name);
        foreach ((string counter, ulong count) in engine.Counters)
            families.Counter("director_packet_events_total", "The engine's counters, each by its name.").Add(count, name, ("event", counter));
        foreach (GroupFigures group in director.Groups)
        {
            families.Gauge("director_group_held", "Whether the director answers for a group's addresses.").Add(group.Role == "holds" ? 1 : 0, name, ("group", group.Name));
            families.Counter("director_group_takes_total", "How often the director has taken a group's addresses.").Add(group.Takes, name, ("group", group.Name));
            if (group.Partition is { } partition)
                families.Gauge("director_partition_blocks", "Blocks of the clients that are the director's.").Add(partition.Blocks, name, ("group", group.Name));
            if (group.Vrrp is { } vrrp)
            {
                families.Gauge("director_vrrp_priority", "The VRRP priority of a group in force.").Add(vrrp.Priority, name, ("group", group.Name), ("state", vrrp.State));
                families.Counter("director_vrrp_sent_total", "VRRP advertisements sent for a group.").Add(vrrp.Sent, name, ("group", group.Name));
                families.Counter("director_vrrp_received_total", "VRRP advertisements taken for a group.").Add(vrrp.Received, name, ("group", group.Name));
            }
        }

        foreach ((string counter, ulong count) in director.Vrrp)
            families.Counter("director_vrrp_events_total", "VRRP packets that were not taken, by why.").Add(count, name, ("event", counter));
        if (director.Heartbeat is { } heartbeat)
        {
            families.Gauge("director_eligible", "Whether the director may hold addresses.").Add(heartbeat.IsEligible ? 1 : 0, name);
            families.Gauge("director_heard_directors", "Other directors that it hears by heartbeat.").Add(heartbeat.Hears.Length, name);
            families.Gauge("director_ping_nodes_reached", "Ping nodes that answer it.").Add(heartbeat.PingNodesReached, name);
            families.Gauge("director_heartbeat_longest_pause_seconds", "The longest time between two heartbeats that the director sent.").Add(heartbeat.LongestPauseSeconds, name);
            foreach ((string counter, ulong count) in heartbeat.Counters)
                families.Counter("director_heartbeat_events_total", "Datagrams at the heartbeat's port that were not taken, by why.").Add(count, name, ("event", counter));
        }

        if (director.Synchronisation is { } synchronisation)
        {
            families.Gauge("director_synchronised", "Whether the director has the connections of all others.").Add(synchronisation.IsSynchronised ? 1 : 0, name);
            foreach ((string counter, ulong count) in synchronisation.Counters)
                families.Counter("director_synchronisation_events_total", "Synchronisation's counters, each by its name.").Add(count, name, ("event", counter));
            foreach (SynchronisationPeerFigures peer in synchronisation.Peers)
            {
                families.Gauge("director_synchronisation_behind_datagrams", "Datagrams of another director that are not here yet.").Add(peer.Behind, name, ("peer", peer.Name));
                families.Counter("director_synchronisation_records_total", "Records received from another director.").Add(peer.Records, name, ("peer", peer.Name));
                families.Counter("director_synchronisation_lost_datagrams_total", "Datagrams of another director that were given up.").Add(peer.Lost, name, ("peer", peer.Name));
            }
        }

        if (director.Checking is { } checking)
        {
            families.Gauge("director_checks", "Checks of real servers that the director makes itself.").Add(checking.Probes, name);
            families.Counter("director_check_answers_total", "Answers to checks since the director started.").Add(checking.Answers, name);
            families.Gauge("director_check_late_seconds", "By how much a check was late at most in the last half minute or minute.").Add(checking.LateSeconds, name);
        }

        if (director.Feedback is { } feedback)
            Add(families, name, feedback);
        foreach (VirtualServiceReport service in engine.Services)
            Add(families, name, service);
        foreach (ServiceHealthFigures service in director.Health)
            Add(families, name, service);
    }

    private static void Add(Families families, (string, string) director, ServiceHealthFigures service)
    {
        (string, string)[] labels = [director, ("service", service.Service), ("name", service.Name)];
        families.Gauge("director_service_quorum", "Whether enough real servers of a service are up.").Add(service.HasQuorum ? 1 : 0, labels);
        families.Gauge("director_service_panic", "Whether so many real servers have failed at once that the last good ones are kept.").Add(service.IsInPanic ? 1 : 0, labels);
        families.Gauge("director_service_fallback", "Whether the fallback gets a service's connections.").Add(service.Fallback == "serves" ? 1 : 0, labels);
        foreach (ServerHealthFigures server in service.Servers)
        {
            (string, string)[] all = [.. labels, ("real_server", server.Server)];
            families.Gauge("director_real_server_up", "Whether a real server's checks pass: 1, 0, or -1 while nothing is known; only of those that are checked.").Add(
                server.State switch { "up" => 1, "unknown" => -1, _ => 0 }, server.State == "unchecked" ? null : all);
            families.Gauge("director_real_server_maintenance", "Whether an operator has taken a real server out.").Add(server.State == "maintenance" ? 1 : 0, all);
            families.Gauge("director_real_server_load_percent", "Share of its weight that a real server's load leaves it.").Add(server.Percent, all);
        }
    }

    private static void Add(Families families, (string, string) director, FeedbackFigures feedback)
    {
        foreach ((string counter, ulong count) in feedback.Counters)
            families.Counter("director_feedback_events_total", "Reports of real servers, and what was not taken, by why.").Add(count, director, ("event", counter));
        foreach (FedServerFigures server in feedback.Servers)
        {
            (string, string)[] labels = [director, ("name", server.Service), ("real_server", new IPEndPoint(server.Address, server.Port).ToString()), ("agent", server.Agent)];
            families.Gauge("director_feedback_percent", "Percent of its configured weight that a real server's load leaves it.").Add(server.Percent, labels);
            families.Gauge("director_feedback_stale", "Whether a real server has not been heard for too long.").Add(server.State == "stale" ? 1 : 0, labels);
        }
    }

    private static void Add(Families families, (string, string) director, VirtualServiceReport service)
    {
        (string, string)[] labels = [director, ("service", service.Spec.Key.ToString()), ("name", service.Spec.Name)];
        Traffic(families, "director_service", "of a virtual service since the start or the last zeroing", service.Totals, labels);
        foreach (RealServerReport server in service.RealServers)
        {
            (string, string)[] all = [.. labels, ("real_server", new IPEndPoint(server.Spec.Address, server.Spec.Port).ToString())];
            families.Gauge("director_real_server_weight", "Weight.").Add(server.Spec.Weight, all);
            families.Gauge("director_real_server_active_connections", "Established TCP connections.").Add(server.ActiveConnections, all);
            families.Gauge("director_real_server_inactive_connections", "All other connections.").Add(server.InactiveConnections, all);
            families.Gauge("director_real_server_overloaded", "Whether the upper threshold was reached and the lower one not yet left.").Add(server.IsOverloaded ? 1 : 0, all);
            Traffic(families, "director_real_server", "of a real server since the start or the last zeroing", server.Totals, all);
        }
    }

    private static void Traffic(Families families, string name, string whose, TrafficTotals totals, (string, string)[] labels)
    {
        families.Counter($"{name}_connections_total", $"Connections {whose}.").Add(totals.Connections, labels);
        families.Counter($"{name}_in_packets_total", $"Packets from clients {whose}.").Add(totals.InPackets, labels);
        families.Counter($"{name}_out_packets_total", $"Packets to clients {whose}.").Add(totals.OutPackets, labels);
        families.Counter($"{name}_in_bytes_total", $"Bytes from clients {whose}.").Add(totals.InBytes, labels);
        families.Counter($"{name}_out_bytes_total", $"Bytes to clients {whose}.").Add(totals.OutBytes, labels);
    }

    /// <summary>The format wants all lines of a name together, after its description.</summary>
    private sealed class Families
    {
        private readonly SortedDictionary<string, Family> _families = new(StringComparer.Ordinal);

        public Family Gauge(string name, string help) => Get(name, help, "gauge");

        public Family Counter(string name, string help) => Get(name, help, "counter");

        public override string ToString() => string.Concat(_families.Values);

        private Family Get(string name, string help, string type)
        {
            if (!_families.TryGetValue(name, out Family? family))
                _families[name] = family = new(name, help, type);
            return family;
        }
    }

    private sealed class Family(string name, string help, string type)
    {
        private readonly StringBuilder _text = new($"# HELP {name} {help}\n# TYPE {name} {type}\n");

        /// <summary>Adds a line.</summary>
        /// <param name="value">The value.</param>
        /// <param name="labels">The labels; null: no line.</param>
        public void Add(double value, (string Name, string Value)[]? labels)
        {
            if (labels is not null)
                Add(value, labels.AsSpan());
        }

        public void Add(double value, params ReadOnlySpan<(string Name, string Value)> labels)
        {
            _text.Append(name).Append('{');
            for (int i = 0; i < labels.Length; i++)
                _text.Append(i == 0 ? "" : ",").Append(labels[i].Name).Append("=\"").Append(Escaped(labels[i].Value)).Append('"');
            _text.Append("} ").Append(value.ToString("R", CultureInfo.InvariantCulture)).Append('\n');
        }

        public override string ToString() => _text.ToString();

        private static string Escaped(string value) => value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
    }
}
