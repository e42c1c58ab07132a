using System.Net;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;
using FsCheck.Xunit;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

public class AddressSetTests
{
    [Property]
    public void It_contains_what_it_was_made_of_and_nothing_else(uint[] members, uint[] others)
    {
        var addresses = members.Where(member => member != 0)
            .SelectMany(member => new[] { InetAddress.FromIPv4(member), InetAddress.FromIPv6(member, ~(ulong)member) })
            .ToHashSet();
        var set = new AddressSet(addresses);
        Assert.All(addresses, address => Assert.True(set.Contains(address)));
        Assert.All(others, other => Assert.Equal(addresses.Contains(InetAddress.FromIPv4(other)), set.Contains(InetAddress.FromIPv4(other))));
        foreach (var other in members.Select(member => InetAddress.FromIPv6(member, member)))
        {
            Assert.Equal(addresses.Contains(other), set.Contains(other));
        }
    }

    [Fact]
    public void An_empty_set_contains_nothing_not_even_the_address_that_marks_a_free_slot()
    {
        var set = new AddressSet([]);
        Assert.False(set.Contains(default));
        Assert.False(set.Contains(InetAddress.From(IPAddress.IPv6Any)));
    }
}
