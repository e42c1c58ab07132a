using Akka.Cluster.Sharding;
using Xunit;

namespace Compat.Tests.AkkaClusterSharding.Inside;

public sealed class LeastShardsTests
{
    [Theory]
    [InlineData("3", 1, 3, "")]
    [InlineData("5 5 4", 1, 3, "")]
    [InlineData("5 3", 1, 3, "0-4")]
    [InlineData("6 0", 1, 10, "0-5 0-4 0-3")]
    [InlineData("6 0", 1, 2, "0-5 0-4")]
    [InlineData("6 2", 4, 3, "")]
    [InlineData("6 1", 4, 3, "0-5")]
    [InlineData("4 4 0", 1, 10, "0-3 1-3")]
    public void By_threshold_shards_move_until_no_two_regions_differ_by_more(string counts, int threshold, int simultaneous, string expected) =>
        Assert.Equal(expected, string.Join(' ', LeastShards.ToMove(Regions(counts), [], Tuning(0, 0, threshold, simultaneous))));

    [Theory]
    [InlineData("10 0", 20, 0.1, "0-9")]
    [InlineData("10 0", 20, 0.3, "0-9 0-8 0-7")]
    [InlineData("10 0", 2, 1.0, "0-9 0-8")]
    [InlineData("4 0", 5, 0.1, "0-3")]
    [InlineData("4 4", 5, 1.0, "")]
    public void By_limits_no_more_than_a_number_and_a_share_of_all_move_at_a_time_but_one(string counts, int absolute, double relative, string expected) =>
        Assert.Equal(expected, string.Join(' ', LeastShards.ToMove(Regions(counts), [], Tuning(absolute, relative, 1, 3))));

    [Fact]
    public void Shards_on_the_move_count_against_the_limit_and_for_no_region()
    {
        Assert.Equal(["0-3"], LeastShards.ToMove(Regions("6 1"), ["0-5", "0-4"], Tuning(0, 0, 1, 3)));
        Assert.Empty(LeastShards.ToMove(Regions("6 1"), ["0-5", "0-4", "0-3"], Tuning(0, 0, 1, 3)));
        Assert.Empty(LeastShards.ToMove(Regions("3 1"), ["0-2"], Tuning(0, 0, 1, 3)));
    }

    /// <summary>Region 0 with shards 0-0, 0-1, ..., region 1 with 1-0, ...; so many each.</summary>
    private static Dictionary<int, List<string>> Regions(string counts) =>
        counts.Split(' ').Select((count, region) => (region, Enumerable.Range(0, int.Parse(count)).Select(shard => $"{region}-{shard}").ToList())).ToDictionary();

    private static ShardingTuning Tuning(int absolute, double relative, int threshold, int simultaneous) =>
        new(TimeSpan.FromSeconds(1), 1, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1), absolute, relative, threshold, simultaneous);
}
