using System.Net;
using System.Runtime.ExceptionServices;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

/// <summary>Every decision of a real IPVS that was recorded is made again.</summary>
public class SchedulerVectorTests
{
    /// <summary>IPVS gives a real server that is added again its old connections back (tests/data/ipvs/README.md, point 6); a director does not.</summary>
    private const string ReaddedPrefix = "trash-readd-";

    public static TheoryData<string> Exact => Names(vector => !vector.IsRandom && !IsReadded(vector));

    public static TheoryData<string> Readded => Names(IsReadded);

    public static TheoryData<string> Random => Names(vector => vector.IsRandom);

    [Fact]
    public void The_vectors_of_all_fourteen_schedulers_are_there()
    {
        var named = SchedulerVector.All.Values.SelectMany(vector => vector.Events).OfType<SchedulerEvent.Command>()
            .Select(command => command.Arguments.Split(' ').SkipWhile(word => word != "-s").Skip(1).FirstOrDefault())
            .OfType<string>();
        Assert.Equal(SchedulerNames.All.Order(), named.Distinct().Order());
        Assert.True(SchedulerVector.All.Count >= 178);
    }

    [Theory]
    [MemberData(nameof(Exact))]
    public void Every_connection_goes_where_IPVS_sent_it(string name) => Replay(name, step => step());

    [Theory]
    [MemberData(nameof(Exact))]
    public void Threads_in_turn_decide_as_one_does(string name) => Replay(name, OnThreadOfItsOwn);

    [Theory]
    [MemberData(nameof(Readded))]
    public void A_real_server_added_again_starts_without_connections_where_IPVS_gives_it_its_old_ones(string name)
    {
        var vector = SchedulerVector.All[name];
        using var run = new VectorRun(vector);
        bool isReadded = false;
        foreach (var step in vector.Events)
        {
            var server = run.Step(step);
            if (step is SchedulerEvent.Connection connection && !isReadded)
            {
                Assert.Equal(connection.Server, server);
            }

            if (step is SchedulerEvent.Command { Arguments: ['-', 'a', ..] })
            {
                var added = run.Table.Current.Services[^1].Destinations[0];
                isReadded |= run.Predecessors(added).Any();
                Assert.Equal((0, 0), (added.ActiveConnections, added.InactiveConnections));
            }
        }

        Assert.True(isReadded);
    }

    [Theory]
    [InlineData(ReaddedPrefix + "rr")]
    [InlineData(ReaddedPrefix + "wrr")]
    public void A_scheduler_that_does_not_look_at_connections_decides_as_IPVS_did_after_a_real_server_was_added_again(string name) =>
        Replay(name, step => step());

    [Theory]
    [MemberData(nameof(Random))]
    public void The_shares_that_IPVS_drew_by_chance_are_among_those_that_we_draw(string name)
    {
        const int runs = 400;
        var vector = SchedulerVector.All[name];
        var recorded = Shares(vector.Events.OfType<SchedulerEvent.Connection>().Select(connection => connection.Server));
        var drawn = Enumerable.Range(0, runs).Select(seed =>
        {
            using var run = new VectorRun(vector, new Random(seed));
            var done = vector.Events.Select(step => (step, server: run.Step(step))).ToArray();
            return Shares(done.Where(each => each.step is SchedulerEvent.Connection).Select(each => each.server));
        }).ToArray();

        foreach (var server in recorded.Keys.Union(drawn.SelectMany(shares => shares.Keys)))
        {
            double[] counts = [.. drawn.Select(shares => (double)shares.GetValueOrDefault(server))];
            double mean = counts.Average();
            double deviation = Math.Sqrt(counts.Average(count => (count - mean) * (count - mean)));
            Assert.InRange(recorded.GetValueOrDefault(server), mean - (4 * deviation) - 0.5, mean + (4 * deviation) + 0.5);
        }
    }

    private static TheoryData<string> Names(Func<SchedulerVector, bool> which) =>
        [.. SchedulerVector.All.Where(named => which(named.Value)).Select(named => named.Key)];

    private static bool IsReadded(SchedulerVector vector) => vector.Id.StartsWith(ReaddedPrefix, StringComparison.Ordinal);

    private static Dictionary<string, int> Shares(IEnumerable<IPEndPoint?> servers) =>
        servers.GroupBy(server => server?.ToString() ?? "refused").ToDictionary(group => group.Key, group => group.Count());

    private static void Replay(string name, Func<Func<IPEndPoint?>, IPEndPoint?> on)
    {
        var vector = SchedulerVector.All[name];
        using var run = new VectorRun(vector);
        var connections = vector.Events.OfType<SchedulerEvent.Connection>().ToArray();
        var decided = new List<IPEndPoint?>();
        foreach (var step in vector.Events)
        {
            var server = on(() => run.Step(step));
            if (step is SchedulerEvent.Connection)
            {
                decided.Add(server);
            }
        }

        Assert.Equal(connections.Select(connection => connection.Server), decided);
        run.AssertTableAfter();
    }

    private static IPEndPoint? OnThreadOfItsOwn(Func<IPEndPoint?> step)
    {
        IPEndPoint? result = null;
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                result = step();
            }
            catch (Exception exception)
            {
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
        return result;
    }
}
