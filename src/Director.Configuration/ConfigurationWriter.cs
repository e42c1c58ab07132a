using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using System.Text;
using Director.Configuration.Documents;
using Director.Configuration.Reading;

namespace Director.Configuration;

/// <summary>Writes a configuration as HOCON that <see cref="ConfigurationReader"/> reads to the same again. Defaults are left out.</summary>
public static class ConfigurationWriter
{
    /// <summary>The whole file, without an <c>akka { }</c> section.</summary>
    public static string Write(DirectorConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var to = new Section("director");
        var defaults = new DirectorConfiguration();
        to.Text("name", configuration.Name, defaults.Name);
        to.Texts("interfaces", configuration.Interfaces);
        to.Text("socket", configuration.Socket, defaults.Socket);
        to.Text("http", configuration.Http?.ToString() ?? "", defaults.Http!.ToString());
        to.Child("engine", s => Engine(s, configuration.Engine));
        to.Child("timeouts", s => Timeouts(s, configuration.Timeouts));
        to.Child("defence", s =>
        {
            s.Bare("drop-entry", configuration.Defence.DropEntry, defaults.Defence.DropEntry);
            s.Bare("secure-tcp", configuration.Defence.SecureTcp, defaults.Defence.SecureTcp);
        });
        to.Bare("expire-nodest-conn", configuration.ExpireNoDestination, defaults.ExpireNoDestination);
        to.Bare("expire-quiescent-template", configuration.ExpireQuiescentTemplate, defaults.ExpireQuiescentTemplate);
        to.Bare("sloppy-tcp", configuration.SloppyTcp, defaults.SloppyTcp);
        to.Bare("pmtu-discovery", configuration.PathMtuDiscovery, defaults.PathMtuDiscovery);
        to.Child("virtual-services", s =>
        {
            foreach (var service in configuration.VirtualServices)
            {
                s.Child(service.Name, t => Service(t, service));
            }
        });
        to.Sections("marks", configuration.Marks, Mark);
        to.Sections("masquerade", configuration.Masquerade, (s, rule) =>
        {
            s.Text("source", rule.Source.ToString(), null);
            s.Text("address", rule.Address.ToString(), null);
        });
        to.Child("health", s =>
        {
            s.Text("maintenance-directory", configuration.Health.MaintenanceDirectory, defaults.Health.MaintenanceDirectory);
            s.Bare("page-port", configuration.Health.PagePort, defaults.Health.PagePort);
            s.Text("page-file", configuration.Health.PageFile, defaults.Health.PageFile);
        });
        to.Child("alerts", s =>
        {
            s.Text("command", configuration.Alerts.Command, defaults.Alerts.Command);
            s.Text("webhook", configuration.Alerts.Webhook?.OriginalString ?? "", "");
            s.Bare("limit", configuration.Alerts.Limit, defaults.Alerts.Limit);
            Mail(s, configuration.Alerts.Mail);
        });
        to.Child("cluster", s => Cluster(s, configuration.Cluster));
        to.Child("availability", s => Availability(s, configuration.Availability));
        to.Child("synchronisation", s => Synchronisation(s, configuration.Synchronisation));
        to.Child("partition", s => Partition(s, configuration.Partition));
        to.Child("feedback", s => Feedback(s, configuration.Feedback));
        return to.ToString();
    }

    private static void Engine(Section to, EngineConfiguration engine)
    {
        var defaults = new EngineConfiguration();
        to.Bare("link", engine.Link, defaults.Link);
        to.Bare("workers", engine.Workers, defaults.Workers);
        to.Bare("connections", engine.Connections, defaults.Connections);
        to.Bare("immediate", engine.Immediate, defaults.Immediate);
        to.Bare("buffer", engine.BufferBytes, defaults.BufferBytes);
        to.Bare("queueing-discipline-bypass", engine.QueueingDisciplineBypass, defaults.QueueingDisciplineBypass);
        to.Duration("spin", engine.Spin, defaults.Spin);
    }

    private static void Timeouts(Section to, TimeoutsConfiguration timeouts)
    {
        var defaults = new TimeoutsConfiguration();
        to.Duration("tcp", timeouts.Tcp, defaults.Tcp);
        to.Duration("tcp-fin", timeouts.TcpFin, defaults.TcpFin);
        to.Duration("udp", timeouts.Udp, defaults.Udp);
    }

    private static void Service(Section to, VirtualServiceConfiguration service)
    {
        var defaults = new VirtualServiceConfiguration(service.Name);
        if (service.Address is null)
        {
            to.Bare("mark", service.Mark, 0u);
            to.Bare("family", service.IsIPv6 ? "ipv6" : "ipv4", "ipv4");
        }
        else
        {
            to.Bare("protocol", service.Protocol, null);
            to.Text("address", new IPEndPoint(service.Address, service.Port).ToString(), null);
        }

        to.Bare("scheduler", service.Scheduler, null);
        to.Texts("scheduler-flags", new[] { SchedulerFlag.First, SchedulerFlag.Second, SchedulerFlag.Third }.Where(f => service.SchedulerFlags.HasFlag(f))
            .Select(FlagName));
        to.Child("persistence", s =>
        {
            s.Duration("timeout", service.Persistence?.Timeout ?? TimeSpan.Zero, TimeSpan.Zero);
            s.Bare("netmask", service.Persistence?.PrefixLength, service.IsIPv6 ? 128 : 32);
        });
        to.Bare("one-packet", service.OnePacket, defaults.OnePacket);
        to.Child("access", s =>
        {
            s.Texts("allow", service.Allow.Select(n => n.ToString()));
            s.Texts("deny", service.Deny.Select(n => n.ToString()));
        });

        // What the real servers take over: a fallback has nothing of its own.
        var model = service.Fallback is { Forwarding: not PacketForwarding.Local } fallback ? fallback : service.RealServers.FirstOrDefault();
        var forwarding = model?.Forwarding ?? PacketForwarding.Nat;
        var tunnel = model?.Tunnel ?? new TunnelConfiguration();
        to.Bare("forwarding", forwarding, null);
        to.Child("tunnel", s => Tunnel(s, tunnel, new TunnelConfiguration().Type));
        Checks(to, service.Checks);
        to.Sections("real-servers", service.RealServers, (s, server) => RealServer(s, server, forwarding, tunnel, service.Checks));
        to.Text("fallback", service.FallbackIsPage ? "local" : service.Fallback is { } last ? new IPEndPoint(last.Address, last.Port).ToString() : "", "");
        to.Bare("quiescent", service.Quiescent, defaults.Quiescent);
        to.Bare("quorum", service.Quorum, defaults.Quorum);
        to.Bare("hysteresis", service.Hysteresis, defaults.Hysteresis);
        to.Bare("panic", service.Panic, defaults.Panic);
        to.Duration("drain-timeout", service.DrainTimeout, defaults.DrainTimeout);
    }

    private static void RealServer(Section to, RealServerConfiguration server, PacketForwarding forwarding, TunnelConfiguration tunnel, ImmutableArray<CheckConfiguration> checks)
    {
        var defaults = new RealServerConfiguration(server.Address, server.Port);
        to.Text("address", new IPEndPoint(server.Address, server.Port).ToString(), null);
        to.Bare("weight", server.Weight, defaults.Weight);
        to.Bare("forwarding", server.Forwarding, forwarding);
        if (server.Tunnel is { } own && own != tunnel)
        {
            to.Child("tunnel", s => Tunnel(s, own, null));
        }

        to.Bare("upper-threshold", server.UpperThreshold, defaults.UpperThreshold);
        to.Bare("lower-threshold", server.LowerThreshold, defaults.LowerThreshold);
        to.Bare("maintenance", server.Maintenance, defaults.Maintenance);
        if (server.AgentCheck is { } agentCheck)
        {
            to.Child("agent-check", s => AgentCheck(s, agentCheck));
        }

        if (!server.Checks.SequenceEqual(checks))
        {
            to.Texts("checks", [], isAlways: server.Checks.IsEmpty);
            Checks(to, server.Checks);
        }
    }

    private static void Tunnel(Section to, TunnelConfiguration tunnel, Encapsulation? otherwise)
    {
        to.Bare("type", tunnel.Type, otherwise);
        to.Bare("port", tunnel.Port, (ushort)0);
        to.Bare("checksum", tunnel.Checksum, EncapsulationChecksum.None);
    }

    private static void Checks(Section to, ImmutableArray<CheckConfiguration> checks)
    {
        if (checks is [var one])
        {
            to.Child("check", s => Check(s, one));
        }
        else
        {
            to.Sections("checks", checks, Check);
        }
    }

    private static void Check(Section to, CheckConfiguration check)
    {
        var defaults = new CheckConfiguration(check.Type);
        to.Bare("type", check.Type, null);
        to.Bare("port", check.Port, defaults.Port);
        to.Text("address", check.Address?.ToString() ?? "", "");
        to.Text("request", check.Request, defaults.Request);
        to.Text("request-hex", check.RequestHex, defaults.RequestHex);
        to.Text("receive", check.Receive, defaults.Receive);
        to.Text("receive-not", check.ReceiveNot, defaults.ReceiveNot);
        to.Text("method", check.Method, defaults.Method);
        to.Text("virtual-host", check.VirtualHost, defaults.VirtualHost);
        to.Bare("http-version", check.HttpVersion, defaults.HttpVersion);
        to.Text("status", check.Status, defaults.Status);
        to.Text("digest", check.Digest, defaults.Digest);
        to.Text("server-name", check.ServerName, defaults.ServerName);
        to.Bare("verify", check.Verify, defaults.Verify);
        to.Text("authority", check.Authority, defaults.Authority);
        to.Text("helo", check.Helo, defaults.Helo);
        to.Text("login", check.Login, defaults.Login);
        to.Text("password", check.Password.Reveal(), "");
        to.Text("database", check.Database, defaults.Database);
        to.Text("secret", check.Secret.Reveal(), "");
        to.Text("record", check.Record, defaults.Record);
        to.Bare("transport", check.Transport, defaults.Transport);
        to.Bare("require-reply", check.RequireReply, defaults.RequireReply);
        to.Bare("min-reply", check.MinReply, defaults.MinReply);
        to.Bare("max-reply", check.MaxReply, defaults.MaxReply);
        to.Text("command", check.Command, defaults.Command);
        to.Text("path", check.Path, defaults.Path);
        to.Bare("dynamic", check.Dynamic, defaults.Dynamic);
        to.Duration("interval", check.Interval, defaults.Interval);
        to.Duration("timeout", check.Timeout, defaults.Timeout);
        to.Duration("retry-interval", check.RetryInterval, defaults.RetryInterval);
        to.Bare("rise", check.Rise, defaults.Rise);
        to.Bare("fall", check.Fall, defaults.Fall);
        to.Bare("unknown", check.UnknownIsUp ? "up" : "down", "up");
        to.Bare("from", check.From, defaults.From);
        to.Text("source", check.Source?.ToString() ?? "", "");
        to.Text("interface", check.Interface, defaults.Interface);
        to.Bare("through-service", check.ThroughService, defaults.ThroughService);
    }

    private static void AgentCheck(Section to, AgentCheckConfiguration check)
    {
        var defaults = new AgentCheckConfiguration(check.Port);
        to.Bare("port", check.Port, null);
        to.Duration("interval", check.Interval, defaults.Interval);
        to.Duration("timeout", check.Timeout, defaults.Timeout);
        to.Text("send", check.Send, defaults.Send);
    }

    private static void Feedback(Section to, FeedbackConfiguration feedback)
    {
        var defaults = new FeedbackConfiguration();
        to.Text("listen", feedback.Listen?.ToString() ?? "", "");
        to.Text("key", Encoding.UTF8.GetString(feedback.Key.AsSpan()), "");
        to.Texts("allow", feedback.Allow.Select(network => network.ToString()));
        to.Texts("services", feedback.Services);
        to.Bare("join", feedback.Join, defaults.Join);
        to.Duration("stale", feedback.Stale, defaults.Stale);
        to.Duration("remove-after", feedback.RemoveAfter, defaults.RemoveAfter);
        to.Duration("smoothing", feedback.Smoothing, defaults.Smoothing);
        to.Bare("dead-band", feedback.DeadBand, defaults.DeadBand);
        to.Bare("slew", feedback.Slew, defaults.Slew);
        to.Bare("least", feedback.Least, defaults.Least);
    }

    private static void Mark(Section to, MarkConfiguration rule)
    {
        to.Bare("mark", rule.Mark, null);
        to.Bare("protocol", rule.Protocol, null);
        to.Text("destination", rule.Destination.ToString(), null);
        to.Texts("ports", rule.Ports.Select(p => p.ToString(CultureInfo.InvariantCulture)));
        to.Text("source", rule.Source?.ToString() ?? "", "");
    }

    private static void Cluster(Section to, ClusterConfiguration cluster)
    {
        var defaults = new ClusterConfiguration();
        to.Text("name", cluster.Name, defaults.Name);
        to.Text("hostname", cluster.Hostname, defaults.Hostname);
        to.Bare("port", cluster.Port, defaults.Port);
        to.Texts("seeds", cluster.Seeds);
        to.Duration("seed-wait", cluster.SeedWait, defaults.SeedWait);
        to.Text("key", Encoding.UTF8.GetString(cluster.Key.AsSpan()), "");
        to.Text("certificate", cluster.Certificate, defaults.Certificate);
        to.Text("private-key", cluster.PrivateKey, defaults.PrivateKey);
        to.Text("authority", cluster.Authority, defaults.Authority);
        to.Bare("insecure", cluster.Insecure, defaults.Insecure);
    }

    private static void Availability(Section to, AvailabilityConfiguration availability)
    {
        var defaults = new AvailabilityConfiguration();
        to.Bare("mode", availability.Mode == AvailabilityMode.ActiveActive ? "active-active" : "active-standby", "active-standby");
        to.Child("groups", s =>
        {
            foreach (var group in availability.Groups)
            {
                s.Child(group.Name, t => Group(t, group));
            }
        });
        to.Child("heartbeat", s => Heartbeat(s, availability.Heartbeat));
        to.Texts("ping-nodes", availability.PingNodes.Select(a => a.ToString()));
        to.Duration("ping-interval", availability.PingInterval, defaults.PingInterval);
        to.Duration("ping-timeout", availability.PingTimeout, defaults.PingTimeout);
        Mail(to, availability.Mail);
    }

    private static void Mail(Section to, MailConfiguration? mail)
    {
        if (mail is not null)
        {
            to.Child("mail", s =>
            {
                s.Text("server", mail.Server, null);
                s.Text("from", mail.From, null);
                s.Texts("to", mail.To);
            });
        }
    }

    private static void Group(Section to, GroupConfiguration group)
    {
        var defaults = new GroupConfiguration { Name = group.Name };
        to.Texts("addresses", group.Addresses.Select(a => a.ToString()), isAlways: true);
        to.Texts("interfaces", group.Interfaces);
        to.Text("preferred", group.Preferred, defaults.Preferred);
        to.Bare("announcements", group.Announcements, defaults.Announcements);
        to.Duration("refresh", group.Refresh, defaults.Refresh);
        to.Text("on-take", group.OnTake, defaults.OnTake);
        to.Text("on-release", group.OnRelease, defaults.OnRelease);
        if (group.Partition is { } partition)
        {
            to.Child("partition", s => Partition(s, partition), isAlways: true);
        }

        if (group.Vrrp is { } vrrp)
        {
            to.Bare("protocol", "vrrp", "heartbeat");
            to.Child("vrrp", s => Vrrp(s, vrrp));
        }
    }

    private static void Vrrp(Section to, VrrpConfiguration vrrp)
    {
        var defaults = new VrrpConfiguration();
        to.Bare("version", vrrp.Version, defaults.Version);
        to.Duration("interval", vrrp.Interval, defaults.Interval);
        to.Bare("priority", vrrp.Priority, defaults.Priority);
        to.Bare("preempt", vrrp.Preempt, defaults.Preempt);
        to.Duration("preempt-delay", vrrp.PreemptDelay, defaults.PreemptDelay);
        to.Bare("virtual-mac", vrrp.VirtualMac, defaults.VirtualMac);
        to.Text("password", vrrp.Password, defaults.Password);
        to.Bare("accept", vrrp.Accept, defaults.Accept);
        to.Bare("checksum", vrrp.Checksum == VrrpChecksum.Plain ? "plain" : "pseudo-header", "pseudo-header");
        to.Bare("check-addresses", vrrp.CheckAddresses, defaults.CheckAddresses);
        to.Duration("announce-delay", vrrp.AnnounceDelay, defaults.AnnounceDelay);
        to.Bare("refresh-announcements", vrrp.RefreshAnnouncements, defaults.RefreshAnnouncements);
        to.Duration("lower-priority-delay", vrrp.LowerPriorityDelay, defaults.LowerPriorityDelay);
        to.Bare("lower-priority-announcements", vrrp.LowerPriorityAnnouncements, defaults.LowerPriorityAnnouncements);
        to.Sections("instances", vrrp.Instances, (s, instance) =>
        {
            s.Text("interface", instance.Interface, null);
            s.Bare("router-id", instance.RouterId, null);
            s.Texts("addresses", instance.Addresses.Select(a => a.ToString()));
            s.Texts("peers", instance.Peers.Select(a => a.ToString()));
            s.Text("source", instance.Source?.ToString() ?? "", "");
        });
        to.Child("track", s => Track(s, vrrp.Track));
    }

    private static void Track(Section to, VrrpTrackConfiguration track)
    {
        to.Sections("interfaces", track.Interfaces, (s, nic) =>
        {
            s.Text("interface", nic.Interface, null);
            s.Bare("weight", nic.Weight, 0);
        });
        to.Sections("ping-nodes", track.PingNodes, (s, node) =>
        {
            s.Text("address", node.Address.ToString(), null);
            s.Bare("weight", node.Weight, 0);
        });
        to.Sections("scripts", track.Scripts, (s, script) =>
        {
            var defaults = new VrrpTrackedScript { Command = "" };
            s.Text("command", script.Command, null);
            s.Duration("interval", script.Interval, defaults.Interval);
            s.Duration("timeout", script.Timeout, defaults.Timeout);
            s.Bare("rise", script.Rise, defaults.Rise);
            s.Bare("fall", script.Fall, defaults.Fall);
            s.Bare("weight", script.Weight, 0);
        });
        to.Sections("services", track.Services, (s, service) =>
        {
            s.Text("name", service.Name, null);
            s.Bare("weight", service.Weight, 0);
        });
    }

    private static void Heartbeat(Section to, HeartbeatConfiguration heartbeat)
    {
        var defaults = new HeartbeatConfiguration();
        to.Bare("port", heartbeat.Port, defaults.Port);
        to.Sections("links", heartbeat.Links, (s, link) =>
        {
            s.Text("interface", link.Interface, "");
            s.Text("multicast", link.Multicast?.ToString() ?? "", "");
            s.Texts("peers", link.Peers.Select(a => a.ToString()));
        });
        to.Bare("ethernet", heartbeat.Ethernet, defaults.Ethernet);
        to.Duration("keepalive", heartbeat.Keepalive, defaults.Keepalive);
        to.Duration("warntime", heartbeat.Warntime, defaults.Warntime);
        to.Duration("deadtime", heartbeat.Deadtime, defaults.Deadtime);
        to.Duration("initdead", heartbeat.Initdead, defaults.Initdead);
        to.Bare("nice-failback", heartbeat.NiceFailback, defaults.NiceFailback);
        to.Bare("priority", heartbeat.Priority, defaults.Priority);
    }

    private static void Synchronisation(Section to, SynchronisationConfiguration synchronisation)
    {
        var defaults = new SynchronisationConfiguration();
        to.Bare("mode", synchronisation.Mode, defaults.Mode);
        to.Bare("port", synchronisation.Port, defaults.Port);
        to.Text("address", synchronisation.Address?.ToString() ?? "", "");
        to.Bare("buffer", synchronisation.BufferBytes, defaults.BufferBytes);
        to.Duration("adoption", synchronisation.Adoption, defaults.Adoption);
        to.Child("ipvs", s => Ipvs(s, synchronisation.Ipvs));
    }

    private static void Ipvs(Section to, IpvsSynchronisationConfiguration ipvs)
    {
        var defaults = new IpvsSynchronisationConfiguration();
        to.Bare("master", ipvs.Master, defaults.Master);
        to.Bare("backup", ipvs.Backup, defaults.Backup);
        to.Text("interface", ipvs.Interface, defaults.Interface);
        to.Bare("sync-id", ipvs.SyncId, defaults.SyncId);
        to.Text("backup-sync-id", ipvs.BackupSyncId?.ToString(CultureInfo.InvariantCulture) ?? "", "");
        to.Text("group", ipvs.Group.ToString(), defaults.Group.ToString());
        to.Bare("port", ipvs.Port, defaults.Port);
        to.Bare("ttl", ipvs.Ttl, defaults.Ttl);
        to.Bare("max-length", ipvs.MaximumLength, defaults.MaximumLength);
        to.Bare("version", ipvs.Version, defaults.Version);
        to.Bare("threshold", $"[{ipvs.Threshold}, {ipvs.Period}]", $"[{defaults.Threshold}, {defaults.Period}]");
        to.Duration("refresh-period", ipvs.RefreshPeriod, defaults.RefreshPeriod);
        to.Bare("retries", ipvs.Retries, defaults.Retries);
        to.Bare("persist-mode", ipvs.PersistMode, defaults.PersistMode);
    }

    private static void Partition(Section to, PartitionConfiguration partition)
    {
        var defaults = new PartitionConfiguration();
        to.Bare("sense", partition.Sense switch { PartitionSense.SourceAddress => "source-address", PartitionSense.SourcePort => "source-port", _ => "source" }, "source");
        to.Bare("weight", partition.Weight, defaults.Weight);
        to.Text("shared-mac", partition.SharedMac is { } mac ? string.Join(':', mac.GetAddressBytes().Select(b => b.ToString("x2", CultureInfo.InvariantCulture))) : "", "");
        to.Duration("join-wait", partition.JoinWait, defaults.JoinWait);
    }

    private static string FlagName(SchedulerFlag flag) => flag switch { SchedulerFlag.First => "flag-1", SchedulerFlag.Second => "flag-2", _ => "flag-3" };

    /// <summary>The lines of a section; one without lines is not written.</summary>
    private sealed class Section(string name)
    {
        private readonly List<string> _lines = [];

        public override string ToString() => $"{name} {Body()}\n";

        public void Text(string key, string value, string? otherwise) => Line(key, Shown.Quoted(value), value == otherwise);

        public void Texts(string key, IEnumerable<string> values, bool isAlways = false)
        {
            var all = values.Select(Shown.Quoted).ToList();
            Line(key, $"[{string.Join(", ", all)}]", all.Count == 0 && !isAlways);
        }

        public void Bare(string key, object? value, object? otherwise) =>
            Line(key, Convert.ToString(value, CultureInfo.InvariantCulture)!.ToLowerInvariant(), value is null || value.Equals(otherwise));

        public void Duration(string key, TimeSpan value, TimeSpan otherwise) => Line(key, Units.Write(value), value == otherwise);

        public void Child(string key, Action<Section> write, bool isAlways = false)
        {
            var child = new Section(Shown.Key(key));
            write(child);
            if (child._lines.Count > 0 || isAlways)
            {
                _lines.Add($"{Shown.Key(key)} {child.Body()}");
            }
        }

        public void Sections<T>(string key, IReadOnlyCollection<T> values, Action<Section, T> write)
        {
            if (values.Count == 0)
            {
                return;
            }

            var items = new StringBuilder();
            foreach (var value in values)
            {
                var item = new Section("");
                write(item, value);
                items.Append("\n  ").Append(Indented(item.Body()));
            }

            _lines.Add($"{key} = [{items}\n]");
        }

        private void Line(string key, string value, bool isDefault)
        {
            if (!isDefault)
            {
                _lines.Add($"{key} = {value}");
            }
        }

        private string Body()
        {
            var result = new StringBuilder("{\n");
            foreach (var line in _lines)
            {
                result.Append("  ").Append(Indented(line)).Append('\n');
            }

            return result.Append('}').ToString();
        }

        private static string Indented(string text) => text.Replace("\n", "\n  ", StringComparison.Ordinal);
    }
}
