using Director.Forwarding.Scheduling;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

public sealed class ReplicaListsTests : IDisposable
{
    private readonly ServiceUnderTest _test = new("rr", [1, 1, 1, 1, 1, 1, 1, 1]);
    private readonly ReplicaLists _lists = new();

    public void Dispose() => _test.Dispose();

    [Fact]
    public void Many_lists_hold_what_was_put_into_each()
    {
        var random = new Random(7);
        var destinations = _test.Destinations;
        var firsts = Enumerable.Repeat(ReplicaLists.None, 40).ToArray();
        var expected = firsts.Select(_ => new List<Destination>()).ToArray();
        for (var round = 0; round < 5_000; round++)
        {
            var list = random.Next(firsts.Length);
            var destination = destinations[random.Next(destinations.Length)];
            Assert.Equal(expected[list].Contains(destination), _lists.Contains(firsts[list], destination));
            if (random.Next(20) == 0)
            {
                _lists.Clear(ref firsts[list]);
                expected[list].Clear();
            }
            else if (random.Next(2) == 0)
            {
                _lists.Remove(ref firsts[list], destination);
                expected[list].Remove(destination);
            }
            else if (!expected[list].Contains(destination))
            {
                _lists.Push(ref firsts[list], destination);
                expected[list].Insert(0, destination);
            }

            Assert.Equal(expected[list], Read(firsts[list]));
            Assert.Equal(expected[list].Count > 1, _lists.HasSeveral(firsts[list]));
        }
    }

    /// <summary>Found by attack: each list was a List of its own, which allocated at its fifth real server, once for each of 16,384 addresses.</summary>
    [Fact]
    public void Longer_lists_allocate_only_when_all_together_double()
    {
        var firsts = Enumerable.Repeat(ReplicaLists.None, 1_000).ToArray();
        var steps = 0;
        foreach (var destination in _test.Destinations)
        {
            for (var list = 0; list < firsts.Length; list++)
            {
                var before = GC.GetAllocatedBytesForCurrentThread();
                _lists.Push(ref firsts[list], destination);
                steps += GC.GetAllocatedBytesForCurrentThread() == before ? 0 : 1;
            }
        }

        Assert.Equal(8, steps);
    }

    private List<Destination> Read(int first)
    {
        var read = new List<Destination>();
        for (var entry = first; entry != ReplicaLists.None; entry = _lists.Next(entry))
        {
            read.Add(_lists.At(entry));
        }

        return read;
    }
}
