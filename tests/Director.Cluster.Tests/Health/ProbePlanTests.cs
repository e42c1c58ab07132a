using System.Collections.Immutable;
using System.Net;
using Director.Cluster.Health;
using Director.Forwarding;
using Director.Health;
using Director.Health.Checks;
using Director.Health.Probing;
using Xunit;

namespace Director.Cluster.Tests.Health;

public class ProbePlanTests
{
    private static readonly ServiceKey s_www = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80);
    private static readonly ServiceKey s_other = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.2"), 80);
    private static readonly RealServerSpec s_server = new(IPAddress.Parse("10.0.1.1"), 80);

    private static PlannedCheck Connect(RealServerSpec server, int port = 80, int interval = 2) =>
        new(new ConnectCheck(new CheckTarget(server.Address, (ushort)port)), new ProbeTiming { Interval = TimeSpan.FromSeconds(interval) });

    private static ServicePlan Plan(ServiceKey key, params Func<RealServerSpec, PlannedCheck>[] checks) =>
        new(key, key.ToString()) { ChecksOfOther = server => [.. checks.Select(check => check(server))] };

    private static ProbePlan Of(ServicePlan[] plans, params ServiceKey[] services) => ProbePlan.Of(
        new ForwardingTable { Services = [.. services.Select(service => new VirtualServiceSpec(service) { RealServers = [s_server] })] },
        new HealthPlan { Services = plans.ToImmutableDictionary(plan => plan.Key) });

    [Fact]
    public void Services_that_ask_the_same_share_a_probe_of_the_first_by_name_in_whatever_order_they_stand()
    {
        var plans = new[] { Plan(s_other, server => Connect(server)), Plan(s_www, server => Connect(server)) };
        foreach (var plan in new[] { Of(plans, s_www, s_other), Of(plans, s_other, s_www) })
        {
            var probe = Assert.Single(plan.Probes);
            Assert.Equal(("TCP 10.0.0.1:80 > 10.0.1.1:80 #1", s_www), (probe.Name, probe.Home));
            Assert.Equal([(s_www, ServerKey.Of(s_server)), (s_other, ServerKey.Of(s_server))], plan.UsersOf(probe.Name));
            Assert.Same(probe, Assert.Single(plan.Of(s_other, ServerKey.Of(s_server))).Probe);
            Assert.Same(probe, plan.Find(probe.Name));
        }
    }

    [Fact]
    public void Another_question_or_another_time_is_another_probe()
    {
        var plan = Of([Plan(s_www, server => Connect(server), server => Connect(server, port: 81)), Plan(s_other, server => Connect(server, interval: 3))], s_www, s_other);
        Assert.Equal(["TCP 10.0.0.1:80 > 10.0.1.1:80 #1", "TCP 10.0.0.1:80 > 10.0.1.1:80 #2", "TCP 10.0.0.2:80 > 10.0.1.1:80 #1"], plan.Probes.Select(probe => probe.Name));
        Assert.Equal(2, plan.Of(s_www, ServerKey.Of(s_server)).Length);
    }

    [Fact]
    public void What_is_in_no_file_or_in_no_table_is_not_probed()
    {
        Assert.Empty(Of([Plan(s_other, server => Connect(server))], s_www).Probes);
        Assert.Empty(Of([], s_www).Of(s_www, ServerKey.Of(s_server)));
    }
}
