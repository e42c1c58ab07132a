using System.Net;
using Director.Forwarding.Packets;
using Director.Forwarding.Routing;
using FsCheck.Xunit;
using Xunit;

namespace Director.Forwarding.Tests.Routing;

public class PrefixTableTests
{
    [Property(MaxTest = 300)]
    public void After_any_changes_it_finds_what_a_scan_of_all_prefixes_finds(int seed, bool isIPv6)
    {
        var random = new Random(seed);
        var prefixes = new Dictionary<(InetAddress, int), string>();
        var table = PrefixTable<string>.Empty;
        for (var i = 0; i < 200; i++)
        {
            var length = random.Next(random.Next(8) == 0 ? (isIPv6 ? 129 : 33) : 17);
            var prefix = Address(random, isIPv6).Mask(length);
            if (random.Next(3) == 0)
            {
                prefixes.Remove((prefix, length));
                table = table.With(prefix, length, null);
            }
            else
            {
                prefixes[(prefix, length)] = $"{i}";
                table = table.With(prefix, length, $"{i}");
            }

            var address = Address(random, isIPv6);
            var expected = prefixes.Where(p => address.Mask(p.Key.Item2) == p.Key.Item1).OrderByDescending(p => p.Key.Item2).Select(p => p.Value).FirstOrDefault();
            Assert.Equal(expected, table.Find(address));
        }
        foreach (var ((prefix, length), value) in prefixes)
        {
            Assert.Equal(value, table.Get(prefix, length));
            table = table.With(prefix, length, null);
        }
        Assert.Null(table.Find(Address(random, isIPv6)));
        Assert.Same(table, table.With(Address(random, isIPv6), 3, null));
    }

    [Fact]
    public void A_change_leaves_the_table_that_it_started_from_as_it_was()
    {
        var before = PrefixTable<string>.Empty.With(Parse("10.0.0.0"), 8, "ten");
        var after = before.With(Parse("10.1.0.0"), 16, "ten one").With(Parse("10.0.0.0"), 8, null);
        Assert.Equal("ten", before.Find(Parse("10.1.2.3")));
        Assert.Equal("ten one", after.Find(Parse("10.1.2.3")));
        Assert.Null(after.Find(Parse("10.2.2.3")));
    }

    [Fact]
    public void The_last_bit_of_an_address_counts()
    {
        var table = PrefixTable<string>.Empty.With(Parse("2001:db8::"), 128, "even").With(Parse("2001:db8::1"), 128, "odd").With(Parse("::"), 0, "default");
        Assert.Equal("even", table.Find(Parse("2001:db8::")));
        Assert.Equal("odd", table.Find(Parse("2001:db8::1")));
        Assert.Equal("default", table.Find(Parse("2001:db8::2")));
    }

    [Fact]
    public void Half_a_million_prefixes_are_found_without_an_allocation()
    {
        var random = new Random(1);
        var table = PrefixTable<string>.Empty;
        var some = new List<InetAddress>();
        for (var i = 0; i < 500_000; i++)
        {
            var address = InetAddress.FromIPv4((uint)random.NextInt64(1L << 32));
            table = table.With(address, 24, "x");
            if (i % 1000 == 0)
                some.Add(address);
        }
        table.Find(some[0]);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var found = 0;
        foreach (var address in some)
            found += table.Find(address) is null ? 0 : 1;
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
        Assert.Equal(some.Count, found);
    }

    // Few distinct bits, so that prefixes nest.
    private static InetAddress Address(Random random, bool isIPv6) => isIPv6
        ? InetAddress.FromIPv6((ulong)random.NextInt64(16) | 0xA0 | (ulong)random.NextInt64(4) << 56, (ulong)random.NextInt64(4) << 56 | (ulong)random.NextInt64(4))
        : InetAddress.FromIPv4((uint)(random.Next(16) | random.Next(16) << 8 | random.Next(4) << 30));

    private static InetAddress Parse(string address) => InetAddress.From(IPAddress.Parse(address));
}
