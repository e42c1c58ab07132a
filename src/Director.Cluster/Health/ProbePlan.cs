using System.Collections.Immutable;
using Director.Forwarding;
using Director.Health;
using Director.Health.Probing;

namespace Director.Cluster.Health;

/// <summary>A probe that services share.</summary>
/// <param name="Name">The same on all directors that have the same services: <c>TCP 10.0.0.1:80 > 192.168.6.4:80 #1</c>. A password is not in it.</param>
/// <param name="Home">The first by name of the services that use it: its owner asks.</param>
/// <param name="Check">What is asked, and when.</param>
internal sealed record SharedProbe(string Name, ServiceKey Home, PlannedCheck Check);

/// <summary>
/// Which probes a table needs: one for each question to each real server, however many services ask it. A pure function of the table and the file, so that all directors name a probe alike and
/// know whose it is.
/// </summary>
internal sealed class ProbePlan
{
    private readonly Dictionary<(ServiceKey, ServerKey), ImmutableArray<(SharedProbe Probe, bool UnknownIsUp)>> _uses = [];
    private readonly Dictionary<string, List<(ServiceKey Service, ServerKey Server)>> _users = [];
    private Dictionary<string, SharedProbe> _byName = [];
    private Dictionary<(HealthCheck, ProbeTiming, bool), SharedProbe> _byQuestion = [];

    private ProbePlan()
    {
    }

    /// <summary>No probes.</summary>
    public static ProbePlan Empty { get; } = new();

    /// <summary>All probes.</summary>
    public ImmutableArray<SharedProbe> Probes { get; private init; } = [];

    /// <summary>The probes that a table needs.</summary>
    public static ProbePlan Of(ForwardingTable table, HealthPlan plan)
    {
        var probes = new Dictionary<(HealthCheck, ProbeTiming, bool), SharedProbe>();
        var order = ImmutableArray.CreateBuilder<SharedProbe>();
        var uses = new List<(ServiceKey, ServerKey, ImmutableArray<(SharedProbe, bool)>)>();
        foreach (var service in table.Services.Where(service => plan.Services.ContainsKey(service.Key)).OrderBy(service => service.Key.ToString(), StringComparer.Ordinal))
        {
            foreach (var server in service.RealServers)
            {
                var used = ImmutableArray.CreateBuilder<(SharedProbe, bool)>();
                foreach (var check in plan.Services[service.Key].ChecksOf(server))
                {
                    var identity = (check.Check, check.Timing, check.FromAll);
                    if (!probes.TryGetValue(identity, out var probe))
                    {
                        probe = new($"{service.Key} > {ServerKey.Of(server)} #{used.Count + 1}", service.Key, check);
                        probes.Add(identity, probe);
                        order.Add(probe);
                    }

                    used.Add((probe, check.UnknownIsUp));
                }

                if (used.Count > 0)
                {
                    uses.Add((service.Key, ServerKey.Of(server), used.ToImmutable()));
                }
            }
        }

        var result = new ProbePlan { Probes = order.ToImmutable(), _byName = order.ToDictionary(probe => probe.Name), _byQuestion = probes };
        foreach (var (service, server, used) in uses)
        {
            result._uses[(service, server)] = used;
            foreach (var name in used.Select(use => use.Item1.Name).Distinct())
            {
                if (!result._users.TryGetValue(name, out var users))
                {
                    result._users[name] = users = [];
                }

                users.Add((service, server));
            }
        }

        return result;
    }

    /// <summary>The probes of a real server of a service, and whether it counts as up while nothing is known by them; none where it is not checked.</summary>
    public ImmutableArray<(SharedProbe Probe, bool UnknownIsUp)> Of(ServiceKey service, ServerKey server) => _uses.TryGetValue((service, server), out var probes) ? probes : [];

    /// <summary>A probe by its name; null is none.</summary>
    public SharedProbe? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The probe that asks a question; null is none.</summary>
    public SharedProbe? Find(PlannedCheck question) => _byQuestion.GetValueOrDefault((question.Check, question.Timing, question.FromAll));

    /// <summary>The real servers, each of a service, that a probe is about.</summary>
    public IReadOnlyList<(ServiceKey Service, ServerKey Server)> UsersOf(string probe) => _users.TryGetValue(probe, out var users) ? users : [];
}
