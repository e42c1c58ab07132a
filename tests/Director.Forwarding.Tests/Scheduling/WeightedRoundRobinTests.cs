using System.Numerics;
using Director.Forwarding.Scheduling;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

public class WeightedRoundRobinTests
{
    [Property]
    public void Levels_that_nobody_reaches_are_skipped_and_every_decision_is_the_same(NonEmptyArray<byte> weights, int seed)
    {
        var random = new Random(seed);
        int[] all = [.. weights.Get.Select(weight => weight % 3 == 0 ? weight * 250 : weight % 12)];
        using var test = new ServiceUnderTest("wrr", all, upperThreshold: 3);
        var slow = new LevelByLevel(all);
        var open = new List<Destination>();
        for (int step = 0; step < 100; step++)
        {
            if (open.Count > 0 && random.Next(3) == 0)
            {
                int closing = random.Next(open.Count);
                open[closing].Unbind(active: false);
                open.RemoveAt(closing);
                continue;
            }

            int expected = slow.Choose(test.Service.Destinations.ToArray());
            var chosen = test.Service.Schedule(ServiceUnderTest.From(1), 0);
            Assert.Same(expected < 0 ? null : test.Service.Destinations[expected], chosen);
            if (chosen is not null)
            {
                open.Add(chosen);
            }
        }
    }

    /// <summary>The same rule without the short cut: one walk of the list for each level, however many there are.</summary>
    private sealed class LevelByLevel
    {
        private readonly int _divisor;
        private readonly int _top;
        private int _level;
        private int _at = -1;

        public LevelByLevel(int[] weights)
        {
            // Real servers are added one by one, and each addition realigns the level.
            for (int count = 1; count <= weights.Length; count++)
            {
                var added = weights.Take(count).ToArray();
                var divisor = added.Aggregate(BigInteger.Zero, (left, right) => BigInteger.GreatestCommonDivisor(left, right));
                _divisor = Math.Max((int)divisor, 1);
                _top = added.Max() - (_divisor - 1);
                if (_level > _top || _level == 0)
                {
                    _level = _top;
                }
                else if (_divisor > 1)
                {
                    _level = (_level / _divisor * _divisor) + 1;
                }
            }
        }

        public int Choose(Destination[] destinations)
        {
            int last = _at;
            int stop = -2;
            bool lastPass = false;
            bool restarted = false;
            if (_top == 0)
            {
                return -1;
            }

            while (true)
            {
                for (_at++; _at < destinations.Length; _at++)
                {
                    if (!destinations[_at].IsOverloaded && destinations[_at].Weight >= _level)
                    {
                        return _at;
                    }

                    if (_at == stop)
                    {
                        return -1;
                    }
                }

                _at = -1;
                _level -= _divisor;
                if (_level <= 0)
                {
                    _level = _top;
                    if (lastPass || last == -1)
                    {
                        return -1;
                    }

                    restarted = true;
                }

                lastPass = _level <= _divisor;
                if (lastPass && restarted && last != -1)
                {
                    stop = last;
                }
            }
        }
    }
}
