using System.Net;
using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;
using FsCheck.Xunit;
using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

public class PrefixSetTests
{
    [Property]
    public void It_contains_an_address_when_one_of_its_networks_does((uint Address, byte Length)[] networks, uint[] asked)
    {
        var all = networks.Select(network => Network(network.Address, network.Length % 33)).ToArray();
        var set = PrefixSet.From(all);
        foreach (uint raw in asked.Concat(networks.Select(network => network.Address)))
        {
            var address = new IPAddress(raw);
            Assert.Equal(all.Any(network => network.Contains(address)), set.Contains(InetAddress.From(address)));
        }
    }

    [Theory]
    [InlineData("fd00::/8", "fd12::1", true)]
    [InlineData("fd00::/8", "fe80::1", false)]
    [InlineData("2001:db8:1::/65", "2001:db8:1:0:7fff::", true)]
    [InlineData("2001:db8:1::/65", "2001:db8:1:0:8000::", false)]
    [InlineData("::/0", "10.0.0.1", false)]
    [InlineData("0.0.0.0/0", "::1", false)]
    [InlineData("::1/128", "::1", true)]
    public void Families_are_told_apart_and_every_bit_counts(string network, string address, bool expected) =>
        Assert.Equal(expected, PrefixSet.From([IPNetwork.Parse(network)]).Contains(InetAddress.From(IPAddress.Parse(address))));

    [Theory]
    [InlineData("", "", "10.0.0.1", true)]
    [InlineData("10.0.0.0/8", "", "10.0.0.1", true)]
    [InlineData("10.0.0.0/8", "", "11.0.0.1", false)]
    [InlineData("", "10.0.0.0/8", "11.0.0.1", true)]
    [InlineData("", "10.0.0.0/8", "10.0.0.1", false)]
    [InlineData("10.0.0.0/8", "10.0.0.0/24", "10.0.0.1", false)]
    [InlineData("10.0.0.0/8", "10.0.0.0/24", "10.0.1.1", true)]
    public void A_denied_network_is_refused_also_where_it_is_allowed(string allow, string deny, string client, bool expected)
    {
        var filter = new AccessFilter(new AccessList(allow == "" ? [] : [IPNetwork.Parse(allow)], deny == "" ? [] : [IPNetwork.Parse(deny)]));
        Assert.Equal(expected, filter.Admits(InetAddress.From(IPAddress.Parse(client))));
    }

    private static IPNetwork Network(uint raw, int length) => new(InetAddress.FromIPv4(raw).Mask(length).ToIPAddress(), length);
}
