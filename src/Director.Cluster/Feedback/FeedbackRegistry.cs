using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Director.Cluster.Telemetry;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Director.Health.Feedback;
using Director.Health.Feedback.Protocol;

namespace Director.Cluster.Feedback;

/// <summary>
/// Who speaks for which real server and what it comes to: percentages, and changes of the table where an agent adds its real server or has gone. Time and tables are passed in. A real server that is not
/// in the file and that an agent has joined with is the agent's; one in the file is never removed. Not thread-safe.
/// </summary>
/// <param name="rules">How weights follow.</param>
/// <param name="removeAfter">How long after its agent's last word a real server that joined is removed.</param>
/// <param name="registrations">Who may speak for what.</param>
internal sealed class FeedbackRegistry(FeedbackRules rules, TimeSpan removeAfter, RegistrationRules registrations)
{
    /// <summary>Real servers that agents may have registered in all.</summary>
    internal const int Most = 1024;

    /// <summary>When a change of the table that was not made is asked for again.</summary>
    internal static readonly TimeSpan EditAgain = TimeSpan.FromSeconds(5);

    private const string AskedAgent = "agent-check";

    // Names stand in the figures of all directors.
    private const int LongestName = 64;

    // A director that does not own the service leaves the removal to another, and forgets after this.
    private static readonly TimeSpan Forgotten = TimeSpan.FromMinutes(1);

    private readonly Dictionary<FedServer, Entry> _registered = [];
    private readonly Dictionary<FedServer, Entry> _asked = [];
    private readonly Dictionary<long, ImmutableArray<FedServer>> _sessions = [];

    /// <summary>Takes a registration; it takes the place of an earlier one of the same connection.</summary>
    /// <param name="session">The agent's connection.</param>
    /// <param name="from">Its address.</param>
    /// <param name="registration">What it says.</param>
    /// <param name="table">The table in force.</param>
    /// <param name="now">Time since any fixed moment.</param>
    /// <returns>For each service why it is refused; empty: it is not.</returns>
    public ImmutableArray<string> Register(long session, IPAddress from, Registration registration, ForwardingTable table, TimeSpan now)
    {
        var refusals = ImmutableArray.CreateBuilder<string>(registration.Services.Length);
        var servers = ImmutableArray.CreateBuilder<FedServer>(registration.Services.Length);
        foreach (var service in registration.Services)
        {
            var server = new FedServer(service.Service, service.Address, service.Port);
            var refusal = servers.Contains(server) ? $"{server} is registered twice" : Refusal(from, server, service, table, now);
            servers.Add(server);
            refusals.Add(refusal);
            if (refusal.Length > 0)
            {
                continue;
            }

            if (!_registered.TryGetValue(server, out var entry))
            {
                _registered[server] = entry = new Entry(new ServerFeedback(rules, now));
            }

            entry.Session = session;
            entry.Agent = registration.Agent.Length > LongestName ? registration.Agent[..LongestName] : registration.Agent;
            entry.From = from;
            entry.Service = service;
            entry.Heard = now;
            entry.HasLeft = false;
        }

        _sessions[session] = servers.ToImmutable();
        return refusals.ToImmutable();
    }

    /// <summary>Takes a report.</summary>
    /// <returns>False where it is not about what the connection has registered.</returns>
    public bool Report(long session, Report report, TimeSpan now)
    {
        if (!_sessions.TryGetValue(session, out var servers) || servers.Length != report.Answers.Length)
        {
            return false;
        }

        for (var i = 0; i < servers.Length; i++)
        {
            if (_registered.GetValueOrDefault(servers[i]) is { } entry && entry.Session == session)
            {
                entry.Heard = now;
                entry.Feedback.Take(report.Answers[i], now);
            }
        }

        return true;
    }

    /// <summary>An agent takes its leave: real servers that joined get no new connections from now on.</summary>
    public void Leave(long session, TimeSpan now)
    {
        foreach (var server in _sessions.GetValueOrDefault(session, []))
        {
            if (_registered.GetValueOrDefault(server) is { } entry && entry.Session == session)
            {
                entry.HasLeft = true;
                entry.Heard = now;
            }
        }
    }

    /// <summary>A connection has ended.</summary>
    public void Lost(long session) => _sessions.Remove(session);

    /// <summary>Takes the answer of an agent that was asked.</summary>
    public void Answered(FedServer server, AgentAnswer answer, TimeSpan now)
    {
        if (_asked.GetValueOrDefault(server) is { } entry && entry.Feedback.Take(answer, now))
        {
            entry.Heard = now;
        }
    }

    /// <summary>Says whose agents are asked.</summary>
    public void Ask(IReadOnlyCollection<FedServer> servers, TimeSpan now)
    {
        foreach (var gone in _asked.Keys.Except(servers).ToArray())
        {
            _asked.Remove(gone);
        }

        foreach (var server in servers)
        {
            _asked.TryAdd(server, new Entry(new ServerFeedback(rules, now)) { Agent = AskedAgent, Heard = now });
        }
    }

    /// <summary>What is to be done now.</summary>
    /// <param name="table">The table in force.</param>
    /// <param name="isInFile">Whether a real server stands in the configuration file.</param>
    /// <param name="isOwnedHere">Whether this director changes a service.</param>
    /// <param name="now">Time since any fixed moment.</param>
    public ImmutableArray<TableEdit> Step(ForwardingTable table, Func<FedServer, bool> isInFile, Func<ServiceKey, bool> isOwnedHere, TimeSpan now)
    {
        var edits = ImmutableArray.CreateBuilder<TableEdit>();
        foreach (var (server, entry) in _registered.ToArray())
        {
            var service = Service(table, server.Service);
            var isThere = service is not null && TableEditor.IndexOf(service, server.Address, server.Port) >= 0;
            var isGone = now - entry.Heard > removeAfter;
            var isAgents = entry.Service!.Joins && registrations.Join && !isInFile(server);
            var isOwned = service is not null && isOwnedHere(service.Key);
            if (isGone && (!isAgents || !isThere || (!isOwned && now - entry.Heard > removeAfter + Forgotten)))
            {
                _registered.Remove(server);
                continue;
            }

            if (!isAgents || !isOwned || isThere != isGone || (entry.HasLeft && !isGone) || now - entry.Asked < EditAgain)
            {
                continue;
            }

            entry.Asked = now;
            edits.Add(isGone ? new DeleteServer(service!.Key, server.Address, server.Port) : new AddServer(service!.Key, Spec(service, entry.Service)));
        }

        return edits.ToImmutable();
    }

    /// <summary>Real servers whose feedback says something other than the configured weight.</summary>
    public ImmutableDictionary<FedServer, FeedbackVerdict> Percentages(Func<FedServer, bool> isInFile, TimeSpan now)
    {
        var result = ImmutableDictionary.CreateBuilder<FedServer, FeedbackVerdict>();
        foreach (var (server, entry) in _registered.Concat(_asked))
        {
            var verdict = Verdict(server, entry, isInFile, now);

            // Of two that speak for one real server the worse counts.
            if (verdict is not { State: ReportedState.Ready, Percent: 100 } && (!result.TryGetValue(server, out var other) || (verdict.Percent, -(int)verdict.State).CompareTo((other.Percent, -(int)other.State)) < 0))
            {
                result[server] = verdict;
            }
        }

        return result.ToImmutable();
    }

    /// <summary>All that speak for a real server, for people.</summary>
    public ImmutableArray<FedServerFigures> Figures(Func<FedServer, bool> isInFile, TimeSpan now) =>
    [
        .. _registered.Concat(_asked).Select(pair => (pair.Key, pair.Value, Verdict: Verdict(pair.Key, pair.Value, isInFile, now)))
            .Select(one => new FedServerFigures(
                one.Key.Service,
                one.Key.Address,
                one.Key.Port,
                one.Verdict.Percent,
                one.Value.HasLeft ? "left" : one.Verdict.IsStale ? "stale" : one.Verdict.State.ToString().ToLowerInvariant(),
                one.Value.Feedback.Age(now) is { } age ? age.TotalSeconds : -1,
                one.Value.Agent))
            .OrderBy(figures => figures.Service, StringComparer.Ordinal).ThenBy(figures => figures.Address.ToString(), StringComparer.Ordinal).ThenBy(figures => figures.Port),
    ];

    private static FeedbackVerdict Verdict(FedServer server, Entry entry, Func<FedServer, bool> isInFile, TimeSpan now) =>
        entry.HasLeft && entry.Service!.Joins && !isInFile(server) ? new(0, ReportedState.Drain, false) : entry.Feedback.Verdict(now);

    private static VirtualServiceSpec? Service(ForwardingTable table, string name) => table.Services.FirstOrDefault(service => service.Name == name);

    private string Refusal(IPAddress from, FedServer server, RegisteredService wanted, ForwardingTable table, TimeSpan now)
    {
        if (registrations.Refusal(from, server) is { Length: > 0 } refusal)
        {
            return refusal;
        }

        if (Service(table, server.Service) is not { } service)
        {
            return $"there is no service {server.Service}";
        }

        if (_registered.TryGetValue(server, out var entry))
        {
            return entry.From!.Equals(from) || entry.Feedback.Verdict(now).IsStale ? "" : $"agent {entry.Agent} at {entry.From} speaks for {server}";
        }

        var isThere = TableEditor.IndexOf(service, server.Address, server.Port) >= 0;
        return !isThere && !(wanted.Joins && registrations.Join) ? $"{server} is not there, and {(wanted.Joins ? "feedback.join is off" : "the agent does not join")}"
            : !isThere && !CanReach(service, wanted) ? $"{server} is of another address family than the service; only forwarding = tunnel crosses families"
            : _registered.Count >= Most ? $"{Most} real servers are registered; no more are taken"
            : "";
    }

    private static bool CanReach(VirtualServiceSpec service, RegisteredService wanted) =>
        service.Key.IsIPv6 == (wanted.Address.AddressFamily == AddressFamily.InterNetworkV6) || Method(service, wanted) == ForwardingMethod.Tunnel;

    private static RealServerSpec Spec(VirtualServiceSpec service, RegisteredService wanted)
    {
        var method = Method(service, wanted);
        return new(wanted.Address, wanted.Port)
        {
            Method = method,
            Weight = wanted.Weight,
            Tunnel = service.RealServers.FirstOrDefault(server => server.Method == method)?.Tunnel ?? default,
        };
    }

    private static ForwardingMethod Method(VirtualServiceSpec service, RegisteredService wanted) => wanted.Forwarding switch
    {
        RegisteredForwarding.Nat => ForwardingMethod.Nat,
        RegisteredForwarding.Direct => ForwardingMethod.Direct,
        RegisteredForwarding.Tunnel => ForwardingMethod.Tunnel,
        // A fallback on this host says nothing of the others.
        _ => service.RealServers.FirstOrDefault(server => server.Method != ForwardingMethod.Local)?.Method ?? ForwardingMethod.Nat,
    };

    private sealed class Entry(ServerFeedback feedback)
    {
        public ServerFeedback Feedback { get; } = feedback;

        public long Session { get; set; }

        public string Agent { get; set; } = "";

        public IPAddress? From { get; set; }

        public RegisteredService? Service { get; set; }

        /// <summary>When the agent said anything last, also what is no load.</summary>
        public TimeSpan Heard { get; set; }

        public bool HasLeft { get; set; }

        /// <summary>When a change of the table was asked for last.</summary>
        public TimeSpan Asked { get; set; } = TimeSpan.MinValue / 2;
    }
}
