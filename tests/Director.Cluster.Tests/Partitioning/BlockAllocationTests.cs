using System.Collections.Immutable;
using Director.Cluster.Partitioning;
using Director.Forwarding;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace Director.Cluster.Tests.Partitioning;

public sealed class BlockAllocationTests
{
    private static readonly ImmutableArray<string?> Nobody = PartitionMap.Empty.Owners;
    private static readonly HashSet<string> NoKeepers = [];

    [Fact]
    public void Blocks_are_divided_by_weight()
    {
        var owners = BlockAllocation.Divide(Nobody, [new("a", 100, true), new("b", 200, true), new("c", 100, true)], NoKeepers, mayMove: true);
        Assert.Equal((128, 256, 128), (Count(owners, "a"), Count(owners, "b"), Count(owners, "c")));
    }

    [Property]
    public void Shares_are_within_one_block_of_proportional_and_what_is_balanced_stays(NonEmptyArray<PositiveInt> weights, int seed)
    {
        var takers = Takers(weights, 15);
        var owners = BlockAllocation.Divide(Random(takers, seed), takers, NoKeepers, mayMove: true);
        var sum = takers.Sum(taker => taker.Weight);
        Assert.All(takers, taker => Assert.InRange(Count(owners, taker.Name), 512 * taker.Weight / sum, (512 * taker.Weight / sum) + 1));
        Assert.Equal(512, takers.Sum(taker => Count(owners, taker.Name)));
        Assert.Equal(owners.AsEnumerable(), BlockAllocation.Divide(owners, takers, NoKeepers, mayMove: true));
    }

    /// <summary>Whatever the shares were: no more blocks change hands than some owner had too many or nobody owned.</summary>
    [Property]
    public void No_more_blocks_move_than_must(NonEmptyArray<PositiveInt> weights, int seed)
    {
        var takers = Takers(weights, 15);
        var before = Random([.. takers, new BlockTaker("gone", 1, true)], seed);
        var after = BlockAllocation.Divide(before, takers, NoKeepers, mayMove: true);
        var sum = takers.Sum(taker => taker.Weight);
        var floors = takers.ToDictionary(taker => taker.Name, taker => 512 * taker.Weight / sum);
        var spare = 512 - floors.Values.Sum();
        var surplus = takers.Sum(taker => Math.Max(Count(before, taker.Name) - floors[taker.Name], 0));
        var mayKeepOneMore = Math.Min(spare, takers.Count(taker => Count(before, taker.Name) > floors[taker.Name]));
        var moved = before.Zip(after).Count(each => each.First is not null and not "gone" && each.First != each.Second);
        Assert.Equal(surplus - mayKeepOneMore, moved);
    }

    [Property]
    public void When_one_dies_only_its_blocks_change_hands_and_all_compute_the_same(NonEmptyArray<PositiveInt> weights, int seed)
    {
        var takers = Takers(weights, 14);
        var before = BlockAllocation.Divide(Random([.. takers, new BlockTaker("gone", 50, true)], seed), [.. takers, new BlockTaker("gone", 50, true)], NoKeepers, mayMove: true);
        var after = BlockAllocation.Divide(before, takers, NoKeepers, mayMove: false);
        Assert.All(before.Zip(after), each => Assert.True(each.First == "gone" ? each.Second is not null : each.First == each.Second));
        Assert.Equal(after.AsEnumerable(), BlockAllocation.Divide(before, takers.Reverse().ToArray(), NoKeepers, mayMove: false));
        var sum = takers.Sum(taker => taker.Weight);
        Assert.All(takers, taker => Assert.InRange(Count(after, taker.Name), 512 * taker.Weight / sum, (512 * taker.Weight / sum) + 1));
    }

    [Property]
    public void Who_is_not_ready_keeps_what_it_has_and_is_given_nothing(NonEmptyArray<PositiveInt> weights, int seed, bool mayMove)
    {
        var takers = Takers(weights, 14).Select((taker, i) => taker with { IsReady = i % 2 == 0 }).ToArray();
        var before = Random([.. takers.Where(taker => taker.IsReady || seed % 3 != 0), new BlockTaker("gone", 1, true)], seed);
        var after = BlockAllocation.Divide(before, takers, NoKeepers, mayMove);
        Assert.DoesNotContain(null, after);
        foreach (var taker in takers.Where(taker => !taker.IsReady))
            Assert.All(before.Zip(after).Where(each => each.Second == taker.Name), each => Assert.Equal(taker.Name, each.First));
    }

    [Fact]
    public void When_nobody_is_ready_the_blocks_are_served_all_the_same()
    {
        var owners = BlockAllocation.Divide(Nobody, [new("a", 1, false), new("b", 1, false)], NoKeepers, mayMove: true);
        Assert.Equal((256, 256), (Count(owners, "a"), Count(owners, "b")));
    }

    [Fact]
    public void Keepers_keep_and_without_takers_the_rest_is_nobodys()
    {
        var before = Nobody.SetItem(3, "k").SetItem(4, "gone");
        var after = BlockAllocation.Divide(before, [], new HashSet<string> { "k" }, mayMove: true);
        Assert.Equal(("k", (string?)null), (after[3], after[4]));
        after = BlockAllocation.Divide(before, [new("a", 1, true)], new HashSet<string> { "k" }, mayMove: true);
        Assert.Equal((1, 511), (Count(after, "k"), Count(after, "a")));
    }

    private static BlockTaker[] Takers(NonEmptyArray<PositiveInt> weights, int most) =>
        [.. weights.Get.Take(most).Select((weight, i) => new BlockTaker($"d{i}", ((weight.Get - 1) % 1000) + 1, true))];

    private static ImmutableArray<string?> Random(IReadOnlyList<BlockTaker> owners, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, PartitionShare.BlockCount).Select(_ => random.Next(owners.Count + 1) is var i && i < owners.Count ? owners[i].Name : null)];
    }

    private static int Count(ImmutableArray<string?> owners, string name) => owners.Count(owner => owner == name);
}
