using System.Collections.Immutable;
using Director.Health.Serving;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;

namespace Director.Health.Tests.Serving;

public class ActiveSetTests
{
    private static readonly ServingMemory<int> s_start = ServingMemory<int>.Start;

    private static ServingDecision<int> Decide(ServingPolicy policy, ServingMemory<int> before, params ServerState<int>[] servers) => ActiveSet.Decide(policy, servers, before);

    private static ServerState<int>[] Servers(string up) => [.. up.Select((c, i) => new ServerState<int>(i, 1, c == '+') { IsInMaintenance = c == 'm' })];

    private static string Shown(ServingDecision<int> decision) =>
        string.Concat(decision.Servers.Select(server => server.Standing switch { Standing.Serves => '+', Standing.Quiet => '0', _ => '-' }))
        + decision.Fallback switch { FallbackStanding.Serves => " F", FallbackStanding.Waits => " f", _ => "" };

    [Theory]
    [InlineData(true, false, "++", "++")]
    [InlineData(true, false, "+.", "+0")]
    [InlineData(false, false, "+.", "+-")]
    [InlineData(true, false, "..", "00")]
    [InlineData(true, true, "++", "++ f")]
    [InlineData(false, true, "++", "++")]
    [InlineData(true, true, "+.", "+0 f")]
    [InlineData(true, true, "..", "00 F")]
    [InlineData(false, true, "..", "-- F")]
    [InlineData(false, true, "m.", "0- F")]
    [InlineData(false, false, "m+", "0+")]
    [InlineData(true, true, "", " F")]
    public void Failed_real_servers_are_quiet_or_removed_and_the_fallback_serves_when_none_is_left(bool quiescent, bool fallback, string up, string expected) =>
        Assert.Equal(expected, Shown(Decide(new() { Quiescent = quiescent, HasFallback = fallback }, s_start, Servers(up))));

    [Theory]
    // Quorum 3, hysteresis 1: gained at 4, lost below 2 (ipwrapper.c, update_quorum_state()).
    [InlineData("++++.", "+++++", "++..", "+...", "+++.", "++++")]
    public void The_quorum_has_hysteresis(string gained, string more, string stillThere, string lost, string notYet, string again)
    {
        var policy = new ServingPolicy { Quorum = 3, Hysteresis = 1, HasFallback = true };
        var memory = s_start;
        List<bool> quorum = [];
        foreach (var up in new[] { gained, more, stillThere, lost, notYet, again })
        {
            var decision = Decide(policy, memory, Servers(up));
            memory = decision.Memory;
            quorum.Add(memory.HasQuorum);
            Assert.Equal(memory.HasQuorum ? FallbackStanding.Waits : FallbackStanding.Serves, decision.Fallback);
        }

        Assert.Equal([true, true, true, false, false, true], quorum);
    }

    [Fact]
    public void When_too_many_fail_at_once_the_last_good_ones_are_kept_and_the_fallback_is_not_asked()
    {
        var policy = new ServingPolicy { PanicPercent = 50, HasFallback = true };
        var memory = s_start;
        List<string> shown = [];
        foreach (var up in new[] { "++++", "+++.", "++..", "+...", "....", "...+", "..++", "++++" })
        {
            var decision = Decide(policy, memory, Servers(up));
            memory = decision.Memory;
            shown.Add($"{Shown(decision)}{(memory.IsInPanic ? " panic" : "")}");
        }

        Assert.Equal(["++++ f", "+++0 f", "++00 f", "++00 f panic", "++00 f panic", "++0+ f panic", "00++ f", "++++ f"], shown);
    }

    [Fact]
    public void Of_a_service_whose_past_is_unknown_all_are_kept_when_all_have_failed() =>
        Assert.Equal("+++", Shown(Decide(new() { PanicPercent = 50 }, s_start, Servers("..."))));

    [Fact]
    public void Load_takes_its_part_of_a_weight_and_never_everything_from_everybody()
    {
        var decision = Decide(new(), s_start, new(0, 10, true) { Percent = 55 }, new(1, 1, true) { Percent = 10 }, new(2, 10, true) { Percent = 0 });
        Assert.Equal([(Standing.Serves, 55), (Standing.Serves, 1), (Standing.Quiet, 0)], decision.Servers.AsEnumerable());
        decision = Decide(new(), s_start, new(0, 10, true) { Percent = 0 }, new(1, 1, true) { Percent = 0 }, new(2, 10, false));
        Assert.Equal([(Standing.Serves, 100), (Standing.Serves, 10), (Standing.Quiet, 0)], decision.Servers.AsEnumerable());
    }

    private static Arbitrary<(ServingPolicy Policy, ImmutableArray<ServerState<int>> Servers, ServingMemory<int> Memory)> Cases()
    {
        var server = from weight in Gen.Choose(0, 3)
                     from up in Gen.Elements(true, false)
                     from maintenance in Gen.Elements(false, false, false, true)
                     from percent in Gen.Elements(0, 1, 50, 100)
                     select new ServerState<int>(0, weight, up) { IsInMaintenance = maintenance, Percent = percent };
        var policy = from quiescent in Gen.Elements(true, false)
                     from fallback in Gen.Elements(true, false)
                     from quorum in Gen.Choose(1, 5)
                     from hysteresis in Gen.Choose(0, quorum - 1)
                     from panic in Gen.Elements(0, 30, 50, 99, 100)
                     select new ServingPolicy { Quiescent = quiescent, HasFallback = fallback, Quorum = quorum, Hysteresis = hysteresis, PanicPercent = panic };
        var all = from p in policy
                  from count in Gen.Choose(0, 6)
                  from servers in Gen.ArrayOf(server, count)
                  from quorum in Gen.Elements(true, false)
                  from good in Gen.Elements<ImmutableHashSet<int>?>(null, [], [0, 1], [1, 2, 3])
                  select (p, servers.Select((s, i) => s with { Id = i }).ToImmutableArray(), new ServingMemory<int>(quorum, false, good));
        return all.ToArbitrary();
    }

    [Property(MaxTest = 2000)]
    public Property What_holds_of_every_decision() => Prop.ForAll(Cases(), one =>
    {
        var (policy, servers, memory) = one;
        var decision = ActiveSet.Decide(policy, servers, memory);
        Assert.Equal(servers.Length, decision.Servers.Length);
        var isWanted = servers.Select(server => !server.IsInMaintenance && server.Weight > 0).ToArray();
        for (var i = 0; i < servers.Length; i++)
        {
            var (standing, weight) = decision.Servers[i];
            Assert.Equal(standing == Standing.Serves, weight > 0);
            // Who was taken out stays out, and keeps his connections.
            Assert.True(isWanted[i] || standing == Standing.Quiet);
            // A weight is never above the configured one, where load has no say.
            Assert.True(weight <= servers[i].Weight || servers.Any(server => server.Percent < 100));
            Assert.True(standing != Standing.Removed || !policy.Quiescent);
            // One that is well serves, unless its load says no or the fallback serves for all.
            Assert.True(!isWanted[i] || !servers[i].IsUp || standing == Standing.Serves || servers[i].Percent == 0 || decision.Fallback == FallbackStanding.Serves);
            // One that has failed serves in panic only.
            Assert.True(servers[i].IsUp || standing != Standing.Serves || decision.Memory.IsInPanic);
        }

        var anybodyWell = servers.Where((server, i) => isWanted[i] && server.IsUp).Any();
        Assert.True(policy.HasFallback || !anybodyWell || decision.Servers.Any(server => server.Standing == Standing.Serves));
        Assert.True(policy.HasFallback || decision.Fallback == FallbackStanding.Absent);
        // Either the fallback or real servers, never both, never neither where there is a fallback.
        Assert.True(!policy.HasFallback || (decision.Fallback == FallbackStanding.Serves) != decision.Servers.Any(server => server.Standing == Standing.Serves));
        // Nothing changed: the same decision.
        var again = ActiveSet.Decide(policy, servers, decision.Memory);
        Assert.Equal(decision.Servers.AsEnumerable(), again.Servers);
        Assert.Equal(decision.Fallback, again.Fallback);
    });
}
