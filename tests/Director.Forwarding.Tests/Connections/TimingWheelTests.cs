using Director.Forwarding.Connections;
using Director.Forwarding.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Connections;

/// <summary>Times are in hundredths of a second; a deadline is met at most two slots (0.32 s) late.</summary>
public sealed unsafe class TimingWheelTests : IDisposable
{
    private const uint Late = 32;
    private readonly ConnectionTable _table = new(false, 4096, 1);
    private TimingWheel _wheel;

    public TimingWheelTests() => _wheel = new TimingWheel(_table, 0);

    [Theory]
    [InlineData(0u, 1u)]
    [InlineData(0u, 16u)]
    [InlineData(7u, 300u)]
    [InlineData(1_000_003u, 90_000u)]
    [InlineData(0u, 131_055u)]
    [InlineData(0u, 131_073u)]
    [InlineData(5u, 400_000u)]
    [InlineData(0u, 267_840_000u)]
    [InlineData(uint.MaxValue - 50, 300u)]
    [InlineData(uint.MaxValue - 200_000, 400_000u)]
    public void A_deadline_is_met_and_not_before(uint start, uint after)
    {
        StartAt(start);
        var number = Add(unchecked(start + after));
        Assert.Empty(Advance(unchecked(start + after - 1)));
        Assert.Equal([number], Advance(unchecked(start + after + Late)));
        Assert.Empty(Advance(unchecked(start + after + 1000)));
    }

    /// <summary>Hundredths of a second in 32 bits come round after 497 days.</summary>
    [Fact]
    public void Time_may_come_round()
    {
        StartAt(uint.MaxValue - 100);
        var before = Add(uint.MaxValue - 40);
        var behind = Add(500);
        Assert.Equal([before], Advance(20));
        Assert.Equal([behind], Advance(540));
        var later = Add(1000);
        Assert.Equal([later], Advance(1040));
    }

    [Fact]
    public void A_deadline_that_moves_away_is_met_at_its_new_time()
    {
        var number = Add(300);
        for (uint now = 100; now <= 20_000; now += 100)
        {
            _wheel.SetDeadline(number, _table[number], now + 300);
            Assert.Empty(Advance(now));
        }

        Assert.Empty(Advance(20_299));
        Assert.Equal([number], Advance(20_300 + Late));
    }

    [Theory]
    [InlineData(90_000u)]
    [InlineData(5_000_000u)]
    public void A_deadline_that_comes_nearer_is_met_at_its_new_time(uint first)
    {
        var number = Add(first);
        var other = Add(first);
        Assert.Empty(Advance(1000));
        _wheel.SetDeadline(number, _table[number], 2000);
        Assert.Empty(Advance(1999));
        Assert.Equal([number], Advance(2000 + Late));
        Assert.Equal([other], Advance(first + Late));
    }

    [Fact]
    public void One_that_was_removed_does_not_come()
    {
        var numbers = Enumerable.Range(0, 5).Select(_ => Add(500)).ToArray();
        _wheel.Remove(numbers[0]);
        _wheel.Remove(numbers[2]);
        _wheel.Remove(numbers[4]);
        Assert.Equal([numbers[1], numbers[3]], Advance(600).Order());
    }

    [Fact]
    public void What_does_not_fit_into_one_answer_comes_with_the_next()
    {
        var numbers = Enumerable.Range(0, 1000).Select(i => Add((uint)(400 + (i % 50)))).ToArray();
        var due = new List<uint>();
        Span<uint> few = stackalloc uint[64];
        for (var count = _wheel.Advance(1000, few); count > 0; count = _wheel.Advance(1000, few))
            due.AddRange(few[..count]);
        Assert.Equal(numbers, due.Order());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Random_deadlines_are_met_like_those_of_a_list(int seed)
    {
        var random = new Random(seed);
        var model = new Dictionary<uint, uint>();
        var start = uint.MaxValue - 300_000;
        StartAt(start);
        uint passed = 0;
        for (var step = 0; step < 3000; step++)
        {
            if (model.Count < 1000 && random.Next(3) > 0)
            {
                var deadline = unchecked(start + passed + (uint)random.Next(1, random.Next(2) == 0 ? 500 : 200_000));
                model[Add(deadline)] = deadline;
            }

            if (model.Count > 0 && random.Next(3) == 0)
            {
                var number = model.Keys.ElementAt(random.Next(model.Count));
                model[number] = unchecked(start + passed + (uint)random.Next(1, 100_000));
                _wheel.SetDeadline(number, _table[number], model[number]);
            }

            passed += (uint)random.Next(400);
            var now = unchecked(start + passed);
            foreach (var number in Advance(now))
            {
                Assert.True((int)(now - model[number]) >= 0);
                model.Remove(number);
                _table.Remove(number);
            }

            Assert.All(model.Values, deadline => Assert.True((int)(now - deadline) < (int)Late));
        }
    }

    private void StartAt(uint now)
    {
        _wheel.Dispose();
        _wheel = new TimingWheel(_table, now);
    }

    private uint Add(uint deadline)
    {
        var client = InetAddress.FromIPv4((uint)Random.Shared.Next());
        var number = _table.Insert(_table.Hash(17, client, 1), new ConnectionEnds(17, client, 1, default, 2, default, 3));
        _table[number]->Deadline = deadline;
        _wheel.Add(number);
        return number;
    }

    private uint[] Advance(uint now)
    {
        Span<uint> due = stackalloc uint[2048];
        return due[.._wheel.Advance(now, due)].ToArray();
    }

    public void Dispose()
    {
        _wheel.Dispose();
        _table.Dispose();
    }
}
