using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

public class AddressMemoryTests
{
    private readonly AddressMemory<List<int>> _memory = new();

    [Fact]
    public void An_address_is_known_from_when_it_was_added()
    {
        Assert.Null(_memory.Find(Address(1), 0));
        var added = _memory.Add(Address(1), 0);
        Assert.Same(added, _memory.Find(Address(1), 1));
        Assert.Null(_memory.Find(Address(2), 1));
    }

    [Fact]
    public void An_address_is_forgotten_a_day_after_it_was_last_used()
    {
        const long day = AddressMemory<List<int>>.IdleMilliseconds;
        _memory.Add(Address(1), 0);
        Assert.NotNull(_memory.Find(Address(1), day - 1));
        Assert.NotNull(_memory.Find(Address(1), (2 * day) - 2));
        Assert.Null(_memory.Find(Address(1), (3 * day) - 2));
        Assert.Equal(0, _memory.Count);
    }

    [Fact]
    public void A_full_memory_forgets_the_address_that_was_unused_for_longest()
    {
        for (uint at = 0; at < AddressMemory<List<int>>.Capacity; at++)
        {
            _memory.Add(Address(at), at);
        }

        Assert.NotNull(_memory.Find(Address(0), 20_000));
        _memory.Add(Address(99_999), 20_001);
        Assert.Equal(AddressMemory<List<int>>.Capacity, _memory.Count);
        Assert.NotNull(_memory.Find(Address(0), 20_002));
        Assert.Null(_memory.Find(Address(1), 20_002));
        Assert.NotNull(_memory.Find(Address(2), 20_002));
    }

    [Fact]
    public void What_was_forgotten_in_any_order_is_used_again()
    {
        var random = new Random(5);
        var expected = new Dictionary<uint, long>();
        for (long now = 0; now < 200_000; now++)
        {
            // A day of 24 steps, so that addresses come and go all the time.
            long milliseconds = now * (AddressMemory<List<int>>.IdleMilliseconds / 24);
            uint address = (uint)random.Next(60);
            bool isKnown = expected.TryGetValue(address, out long last) && now - last < 24;
            Assert.Equal(isKnown, _memory.Find(Address(address), milliseconds) is not null);
            if (!isKnown)
            {
                _memory.Add(Address(address), milliseconds);
            }

            expected[address] = now;
            Assert.Equal(expected.Count(each => now - each.Value < 24), _memory.Count);
        }
    }

    private static InetAddress Address(uint raw) => InetAddress.FromIPv4(raw);
}
