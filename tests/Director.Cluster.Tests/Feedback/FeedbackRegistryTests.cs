using System.Collections.Immutable;
using System.Net;
using Director.Cluster.Feedback;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Director.Health.Feedback;
using Director.Health.Feedback.Protocol;
using FsCheck.Xunit;
using Xunit;

namespace Director.Cluster.Tests.Feedback;

/// <summary>Who may speak for which real server, and what comes of it.</summary>
public sealed class FeedbackRegistryTests
{
    private static readonly IPAddress s_rs1 = IPAddress.Parse("10.1.0.11");
    private static readonly IPAddress s_rs2 = IPAddress.Parse("10.1.0.12");
    private static readonly ServiceKey s_www = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80);
    private static readonly FeedbackRules s_rules = new() { Smoothing = TimeSpan.Zero, DeadBand = 0, Slew = 1000, Least = 10, Stale = TimeSpan.FromSeconds(10) };

    private readonly HashSet<FedServer> _file = [];
    private ForwardingTable _table = ForwardingTable.Empty with
    {
        Services = [new VirtualServiceSpec(s_www) { Name = "www", RealServers = [new(s_rs2, 80) { Method = ForwardingMethod.Tunnel, Tunnel = new TunnelOptions(TunnelType.Gue, 6080, TunnelChecksum.None) }] }],
    };

    [Fact]
    public void A_real_server_joins_as_the_others_are_and_its_weight_follows()
    {
        var registry = Registry();

        Assert.Equal([""], Register(registry, 1, s_rs1));
        var add = Assert.IsType<AddServer>(Assert.Single(Step(registry, 0)));
        Assert.Equal((s_www, s_rs1, (ushort)80, 3), (add.Service, add.Server.Address, add.Server.Port, add.Server.Weight));
        Assert.Equal((ForwardingMethod.Tunnel, TunnelType.Gue, (ushort)6080), (add.Server.Method, add.Server.Tunnel.Type, add.Server.Tunnel.Port));

        Assert.True(registry.Report(1, new([new() { Percent = 40 }]), At(1)));
        Assert.Equal(new FeedbackVerdict(40, ReportedState.Ready, false), registry.Percentages(_file.Contains, At(2))[Server(s_rs1)]);
        Assert.Empty(Step(registry, 2));
    }

    [Fact]
    public void A_change_that_was_not_made_is_asked_for_again_and_not_faster()
    {
        var registry = Registry();
        Register(registry, 1, s_rs1);

        Assert.Equal([1, 0, 0, 1, 0], new[] { 0.0, 1, 4, 6, 7 }.Select(second => registry.Step(_table, _file.Contains, _ => true, At(second)).Length));
    }

    [Fact]
    public void Only_who_owns_the_service_changes_it()
    {
        var registry = Registry();
        Register(registry, 1, s_rs1);

        Assert.Empty(registry.Step(_table, _file.Contains, _ => false, At(0)));
        Assert.Single(registry.Step(_table, _file.Contains, key => key == s_www, At(0)));
    }

    [Fact]
    public void One_that_vanishes_is_stale_and_then_removed()
    {
        var registry = Joined();
        registry.Report(1, new([new() { Percent = 40 }]), At(0));
        registry.Lost(1);

        Assert.Empty(Step(registry, 11));
        Assert.Equal("stale", Assert.Single(registry.Figures(_file.Contains, At(11))).State);
        Assert.Empty(registry.Percentages(_file.Contains, At(12)));
        Assert.Empty(Step(registry, 60));
        var delete = Assert.IsType<DeleteServer>(Assert.Single(Step(registry, 60.5)));
        Assert.Equal((s_www, s_rs1, (ushort)80), (delete.Service, delete.Address, delete.Port));
        Assert.Empty(Step(registry, 61));
        Assert.Empty(registry.Figures(_file.Contains, At(61)));
    }

    [Fact]
    public void One_that_comes_back_in_time_stays()
    {
        var registry = Joined();
        registry.Report(1, new([new() { Percent = 40 }]), At(0));
        registry.Lost(1);

        Assert.Equal([""], Register(registry, 2, s_rs1, at: 50));
        Assert.Empty(Step(registry, 70));
        registry.Report(2, new([new() { Percent = 70 }]), At(70));
        Assert.Equal(70, registry.Percentages(_file.Contains, At(71))[Server(s_rs1)].Percent);
    }

    [Fact]
    public void One_that_says_farewell_drains_before_it_is_removed()
    {
        var registry = Joined();
        registry.Leave(1, At(5));
        registry.Lost(1);

        Assert.Equal(new FeedbackVerdict(0, ReportedState.Drain, false), registry.Percentages(_file.Contains, At(64))[Server(s_rs1)]);
        Assert.Empty(Step(registry, 65));
        Assert.IsType<DeleteServer>(Assert.Single(Step(registry, 65.5)));
    }

    [Fact]
    public void One_of_the_file_is_never_added_nor_removed_nor_drained()
    {
        var registry = Registry();
        _file.Add(Server(s_rs2));
        Assert.Equal([""], Register(registry, 1, s_rs2));
        registry.Report(1, new([new() { Percent = 40 }]), At(0));
        registry.Leave(1, At(1));
        registry.Lost(1);

        Assert.Equal(40, registry.Percentages(_file.Contains, At(2))[Server(s_rs2)].Percent);
        for (var second = 2; second < 300; second++)
        {
            Assert.Empty(registry.Step(_table, _file.Contains, _ => true, At(second)));
        }

        Assert.Empty(registry.Figures(_file.Contains, At(300)));
    }

    [Fact]
    public void Nobody_speaks_for_another_unless_the_file_allows_it()
    {
        Assert.Equal(["10.1.0.12 is neither the agent's address 10.1.0.11 nor in feedback.allow"], Register(Registry(), 1, s_rs1, Service(s_rs2)));
        Assert.Equal([""], Register(Registry(new([IPNetwork.Parse("10.1.0.0/24")], [], true)), 1, IPAddress.Parse("10.9.0.1"), Service(s_rs2)));
        Assert.Equal(["service www is not among feedback.services"], Register(Registry(new([], ["mail"], true)), 1, s_rs1));
    }

    [Fact]
    public void A_refusal_says_why()
    {
        Assert.Equal(["there is no service mail"], Register(Registry(), 1, s_rs1, Service(s_rs1) with { Service = "mail" }));
        Assert.Equal(["10.1.0.11:80 of www is not there, and feedback.join is off"], Register(Registry(new([], [], false)), 1, s_rs1));
        Assert.Equal(["10.1.0.11:80 of www is not there, and the agent does not join"], Register(Registry(), 1, s_rs1, Service(s_rs1) with { Joins = false }));
        Assert.Equal(["", "10.1.0.11:80 of www is registered twice"], Register(Registry(), 1, s_rs1, Service(s_rs1), Service(s_rs1)));
        var six = IPAddress.Parse("fd00::11");
        Assert.Equal(
            ["[fd00::11]:80 of www is of another address family than the service; only forwarding = tunnel crosses families"],
            Register(Registry(), 1, six, Service(six) with { Forwarding = RegisteredForwarding.Nat }));
    }

    [Fact]
    public void Another_address_does_not_take_over_a_real_server_while_its_agent_speaks()
    {
        var registry = Registry(new([IPNetwork.Parse("10.1.0.0/24")], [], true));
        Register(registry, 1, s_rs1);
        registry.Report(1, new([new() { Percent = 40 }]), At(0));

        Assert.Equal(["agent rs at 10.1.0.11 speaks for 10.1.0.11:80 of www"], Register(registry, 2, s_rs2, Service(s_rs1)));
        Assert.True(registry.Report(2, new([new() { Wanted = ReportedState.Drain }]), At(1)));
        Assert.Equal(40, registry.Percentages(_file.Contains, At(2))[Server(s_rs1)].Percent);
        Assert.Equal([""], Register(registry, 2, s_rs2, Service(s_rs1), at: 12));
    }

    [Fact]
    public void An_older_connection_of_the_same_agent_is_heard_no_more()
    {
        var registry = Registry();
        Register(registry, 1, s_rs1);
        Register(registry, 2, s_rs1);
        registry.Report(2, new([new() { Percent = 50 }]), At(0));
        registry.Report(1, new([new() { Wanted = ReportedState.Maintenance }]), At(0));
        registry.Leave(1, At(0));

        Assert.Equal(new FeedbackVerdict(50, ReportedState.Ready, false), registry.Percentages(_file.Contains, At(1))[Server(s_rs1)]);
    }

    [Fact]
    public void A_report_about_something_else_is_refused()
    {
        var registry = Registry();
        Assert.False(registry.Report(1, new([new()]), At(0)));
        Register(registry, 1, s_rs1);
        Assert.False(registry.Report(1, new([]), At(0)));
        Assert.False(registry.Report(1, new([new(), new()]), At(0)));
    }

    [Fact]
    public void More_than_the_most_are_not_registered()
    {
        var registry = Registry(new([IPNetwork.Parse("10.0.0.0/8")], [], true));
        for (var i = 0; i < FeedbackRegistry.Most / ProtocolLimits.Services; i++)
        {
            Assert.All(Register(registry, i, s_rs1, [.. Enumerable.Range(0, ProtocolLimits.Services).Select(j => Service(IPAddress.Parse($"10.2.{i}.{j}")))]), Assert.Empty);
        }

        Assert.Equal(["1024 real servers are registered; no more are taken"], Register(registry, 1000, s_rs1));
    }

    [Fact]
    public void Who_is_asked_follows_the_file_and_the_worse_of_two_words_counts()
    {
        var registry = Joined();
        registry.Ask([Server(s_rs1), Server(s_rs2)], At(0));
        registry.Report(1, new([new() { Percent = 40 }]), At(0));
        registry.Answered(Server(s_rs1), AgentAnswer.Parse("60%"u8), At(0));
        registry.Answered(Server(s_rs2), AgentAnswer.Parse("drain"u8), At(0));

        var percentages = registry.Percentages(_file.Contains, At(1));
        Assert.Equal(40, percentages[Server(s_rs1)].Percent);
        Assert.Equal(ReportedState.Drain, percentages[Server(s_rs2)].State);

        registry.Ask([Server(s_rs1)], At(2));
        Assert.DoesNotContain(Server(s_rs2), registry.Percentages(_file.Contains, At(2)));
    }

    [Property(MaxTest = 200)]
    public void Whatever_agents_do_a_real_server_of_the_file_stays_and_percentages_are_in_bounds(int seed)
    {
        var random = new Random(seed);
        var registry = Registry(new([IPNetwork.Parse("10.1.0.0/24")], [], true));
        _file.Add(Server(s_rs2));
        for (var second = 0; second < 400; second += random.Next(20))
        {
            var (session, address) = (random.Next(4), random.Next(2) == 0 ? s_rs1 : s_rs2);
            switch (random.Next(5))
            {
                case 0:
                    Register(registry, session, random.Next(2) == 0 ? s_rs1 : s_rs2, Service(address), at: second);
                    break;
                case 1:
                    registry.Leave(session, At(second));
                    break;
                case 2:
                    registry.Lost(session);
                    break;
                default:
                    registry.Report(session, new([new() { Percent = random.Next(300), Wanted = (ReportedState)random.Next(3), IsUp = random.Next(2) == 0 }]), At(second));
                    break;
            }

            Step(registry, second);
            Assert.Contains(_table.Services[0].RealServers, server => server.Address.Equals(s_rs2));
            Assert.All(registry.Percentages(_file.Contains, At(second)).Values, verdict => Assert.InRange(verdict.Percent, 0, 100));
        }

        Step(registry, 1000);
        Step(registry, 1000.25);
        Assert.Empty(registry.Figures(_file.Contains, At(1001)));
        Assert.Equal([s_rs2], _table.Services[0].RealServers.Select(server => server.Address));
    }

    private static TimeSpan At(double seconds) => TimeSpan.FromSeconds(seconds);

    private static FedServer Server(IPAddress address) => new("www", address, 80);

    private static RegisteredService Service(IPAddress address) => new("www", address, 80) { Weight = 3 };

    private static FeedbackRegistry Registry(RegistrationRules? registrations = null) => new(s_rules, TimeSpan.FromMinutes(1), registrations ?? new([], [], true));

    private string[] Register(FeedbackRegistry registry, long session, IPAddress from, RegisteredService service, double at = 0) =>
        [.. registry.Register(session, from, new("rs", [service]), _table, At(at))];

    private string[] Register(FeedbackRegistry registry, long session, IPAddress from, params RegisteredService[] services) =>
        [.. registry.Register(session, from, new("rs", services.Length == 0 ? [Service(from)] : [.. services]), _table, At(0))];

    private string[] Register(FeedbackRegistry registry, long session, IPAddress from, double at) =>
        [.. registry.Register(session, from, new("rs", [Service(from)]), _table, At(at))];

    private FeedbackRegistry Joined()
    {
        var registry = Registry();
        Register(registry, 1, s_rs1);
        Step(registry, 0);
        return registry;
    }

    /// <summary>A step whose changes are made.</summary>
    private ImmutableArray<TableEdit> Step(FeedbackRegistry registry, double at)
    {
        var edits = registry.Step(_table, _file.Contains, _ => true, At(at));
        foreach (var edit in edits)
        {
            _table = TableEditor.Apply(_table, edit).Table ?? _table;
        }

        return edits;
    }
}
