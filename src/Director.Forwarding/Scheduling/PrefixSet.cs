using System.Collections.Frozen;
using System.Net;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>A set of networks. A look-up takes one hash for each different prefix length, however many networks there are.</summary>
internal sealed class PrefixSet
{
    private readonly (bool IsIPv6, int Length, FrozenSet<InetAddress> Networks)[] _lengths;

    private PrefixSet((bool, int, FrozenSet<InetAddress>)[] lengths) => _lengths = lengths;

    /// <summary>Holds nothing.</summary>
    public static PrefixSet Empty { get; } = new([]);

    /// <summary>Whether it holds nothing.</summary>
    public bool IsEmpty => _lengths.Length == 0;

    /// <summary>The set of these networks.</summary>
    public static PrefixSet From(IEnumerable<IPNetwork> networks)
    {
        var lengths = networks
            .Select(network => (Address: InetAddress.From(network.BaseAddress), Length: network.PrefixLength))
            .GroupBy(network => (network.Address.IsIPv6, network.Length), network => network.Address.Mask(network.Length))
            .Select(group => (group.Key.IsIPv6, group.Key.Length, group.ToFrozenSet()))
            .ToArray();
        return lengths.Length == 0 ? Empty : new PrefixSet(lengths);
    }

    /// <summary>Whether a network of the set contains the address.</summary>
    public bool Contains(in InetAddress address)
    {
        foreach (ref readonly var length in _lengths.AsSpan())
        {
            if (length.IsIPv6 == address.IsIPv6 && length.Networks.Contains(address.Mask(length.Length)))
            {
                return true;
            }
        }

        return false;
    }
}
