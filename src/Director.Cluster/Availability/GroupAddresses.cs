using System.Collections.Immutable;
using System.Net;
using Director.Configuration;
using Director.Forwarding;

namespace Director.Cluster.Availability;

/// <summary>Which addresses belong to which group.</summary>
internal static class GroupAddresses
{
    /// <summary>The group of all addresses that no other names.</summary>
    public const string Default = "default";

    /// <summary>The groups of a configuration, <see cref="Default"/> among them, each with all its addresses under a table.</summary>
    public static ImmutableArray<GroupConfiguration> Of(AvailabilityConfiguration configuration, ForwardingTable table)
    {
        var named = configuration.Groups.SelectMany(group => group.Addresses).ToHashSet();
        ImmutableArray<IPAddress> others = [.. VirtualAddresses(table).Where(address => !named.Contains(address))];
        var groups = configuration.Groups.Any(group => group.Name == Default) ? configuration.Groups : configuration.Groups.Add(new GroupConfiguration { Name = Default });
        return [.. groups.Select(group => group.Name == Default ? group with { Addresses = [.. group.Addresses, .. others] } : group)];
    }

    /// <summary>The addresses that a director answers for under a table, each once: of services, of masquerade rules, and of marks that a service has and that name a single address.</summary>
    public static IEnumerable<IPAddress> VirtualAddresses(ForwardingTable table) =>
        table.Services.Select(service => service.Key.Address).OfType<IPAddress>()
            .Concat(table.Masquerade.Select(rule => rule.Address))
            .Concat(table.Marks.Where(mark => IsSingle(mark.Destination) && table.Services.Any(service => service.Key.Mark == mark.Mark)).Select(mark => mark.Destination.BaseAddress))
            .Distinct();

    private static bool IsSingle(IPNetwork network) => network.PrefixLength == network.BaseAddress.GetAddressBytes().Length * 8;
}
