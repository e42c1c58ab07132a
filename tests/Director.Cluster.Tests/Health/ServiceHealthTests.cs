using System.Collections.Immutable;
using System.Globalization;
using System.Net;
using Director.Cluster.Health;
using Director.Forwarding;
using Director.Health.Serving;
using Xunit;

namespace Director.Cluster.Tests.Health;

public class ServiceHealthTests
{
    private static readonly ServiceKey s_key = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80);
    private static readonly RealServerSpec s_fallback = new(IPAddress.Loopback, 9099) { Method = ForwardingMethod.Local };

    private readonly Dictionary<string, string> _states = [];
    private readonly ServiceHealth _health = new();
    private ServicePlan _plan = new(s_key, "www");
    private TimeSpan _now;

    private static RealServerSpec Server(int last, int weight = 1) => new(IPAddress.Parse($"10.0.1.{last}"), 80) { Weight = weight };

    private static VirtualServiceSpec Wanted(params RealServerSpec[] servers) => new(s_key) { RealServers = [.. servers] };

    private VirtualServiceSpec Decide(params RealServerSpec[] servers) => _health.Decide(Wanted(servers), _plan, HealthOf, _now);

    private ServerHealth HealthOf(RealServerSpec server)
    {
        var state = _states.GetValueOrDefault(server.Address.ToString(), "up");
        var isLoaded = state.EndsWith('%');
        return new(state, state is "up" || isLoaded, isLoaded ? int.Parse(state[..^1], CultureInfo.InvariantCulture) : 100, "", null, "");
    }

    private static string Shown(VirtualServiceSpec service) => string.Join(' ', service.RealServers.Select(server =>
        $"{server.Address.ToString().Split('.')[^1]}:{server.Weight}{server.Fate switch { ConnectionFate.Moved => "m", ConnectionFate.Ended => "e", _ => "" }}"));

    [Fact]
    public void One_that_fails_gets_nothing_new_and_what_can_move_moves_and_it_comes_back_with_its_weight()
    {
        Assert.Equal("1:1 2:3", Shown(Decide(Server(1), Server(2, 3))));
        _states["10.0.1.2"] = "down";
        Assert.Equal("1:1 2:0m", Shown(Decide(Server(1), Server(2, 3))));
        // What an operator sets meanwhile is not lost.
        Assert.Equal("1:1 2:0m", Shown(Decide(Server(1), Server(2, 7))));
        _states["10.0.1.2"] = "up";
        Assert.Equal("1:1 2:7", Shown(Decide(Server(1), Server(2, 7))));
    }

    [Fact]
    public void Without_quiescent_it_is_removed()
    {
        _plan = _plan with { Policy = new() { Quiescent = false } };
        _states["10.0.1.2"] = "down";
        Assert.Equal("1:1", Shown(Decide(Server(1), Server(2))));
    }

    [Fact]
    public void The_fallback_waits_at_weight_0_and_serves_when_nobody_else_does()
    {
        _plan = _plan with { Fallback = s_fallback };
        Assert.Equal("1:1 1:0", Shown(Decide(Server(1))));
        _states["10.0.1.1"] = "down";
        var service = Decide(Server(1));
        Assert.Equal("1:0m 1:1", Shown(service));
        Assert.Equal(s_fallback, service.RealServers[1]);
        Assert.Equal(FallbackStanding.Serves, _health.Fallback);
        _states.Clear();
        Assert.Equal("1:1 1:0", Shown(Decide(Server(1))));
        Assert.Equal("1:0 1:1", Shown(Decide(Server(1, 0))));
        Assert.Equal("1:1", Shown(Decide()));
    }

    [Fact]
    public void A_fallback_that_is_a_real_server_too_stands_in_the_table_once()
    {
        _plan = _plan with { Fallback = Server(2) };
        Assert.Equal("1:1 2:0", Shown(Decide(Server(1), Server(2, 0))));
        _states["10.0.1.1"] = "down";
        Assert.Equal("1:0m 2:1", Shown(Decide(Server(1), Server(2, 0))));
    }

    [Fact]
    public void In_maintenance_connections_go_on_until_the_time_to_drain_is_over()
    {
        _plan = _plan with { DrainTimeout = TimeSpan.FromSeconds(60) };
        _states["10.0.1.1"] = "maintenance";
        Assert.Equal("1:0 2:1", Shown(Decide(Server(1), Server(2))));
        _now = TimeSpan.FromSeconds(59);
        Assert.Equal("1:0 2:1", Shown(Decide(Server(1), Server(2))));
        Assert.Equal(TimeSpan.FromSeconds(60), _health.DrainsUntil(ServerKey.Of(Server(1))));
        _now = TimeSpan.FromSeconds(60);
        Assert.Equal("1:0e 2:1", Shown(Decide(Server(1), Server(2))));
        _states.Clear();
        Assert.Equal("1:1 2:1", Shown(Decide(Server(1), Server(2))));
        // The next time it has the whole time again.
        _states["10.0.1.1"] = "maintenance";
        Assert.Equal("1:0 2:1", Shown(Decide(Server(1), Server(2))));
        Assert.Equal(TimeSpan.FromSeconds(120), _health.DrainsUntil(ServerKey.Of(Server(1))));
    }

    [Fact]
    public void One_that_left_the_file_drains_and_is_whole_again_when_it_comes_back()
    {
        Decide(Server(1), Server(2));
        _health.Leave(Server(2), TimeSpan.FromSeconds(30));
        // The file's table comes a moment later.
        Assert.Equal("1:1 2:1", Shown(Decide(Server(1), Server(2))));
        Assert.Equal("1:1 2:0", Shown(Decide(Server(1))));
        _now = TimeSpan.FromSeconds(30);
        Assert.Equal("1:1 2:0e", Shown(Decide(Server(1))));
        _health.Gone(ServerKey.Of(Server(2)));
        Assert.Equal("1:1", Shown(Decide(Server(1))));

        _health.Leave(Server(2), TimeSpan.FromSeconds(60));
        Assert.Equal("1:1 2:0", Shown(Decide(Server(1))));
        _plan = _plan with { Servers = ImmutableDictionary<ServerKey, ImmutableArray<PlannedCheck>>.Empty.Add(ServerKey.Of(Server(2)), []) };
        Assert.Equal("1:1 2:1", Shown(Decide(Server(1), Server(2))));
        Assert.Null(_health.DrainsUntil(ServerKey.Of(Server(2))));
    }

    [Fact]
    public void Load_takes_its_part_of_fine_weights()
    {
        _states["10.0.1.2"] = "40%";
        Assert.Equal("1:100 2:40 3:100", Shown(Decide(Server(1), Server(2), Server(3))));
    }

    [Fact]
    public void When_nothing_changed_it_is_the_same_object()
    {
        var first = Decide(Server(1), Server(2));
        Assert.Same(first, Decide(Server(1), Server(2)));
        Assert.NotSame(first, Decide(Server(1)));
    }
}
