using Director.Forwarding.Packets;
using Director.Forwarding.Scheduling;

namespace Director.Forwarding.Partitioning;

/// <summary><see cref="Holdings"/> under a table, as packets are asked about. Immutable; look-ups allocate nothing.</summary>
internal sealed class HeldAddresses
{
    private readonly ServiceLookup _lookup;
    private readonly Dictionary<InetAddress, GroupHolding> _groups = [];
    private readonly GroupHolding _networks = GroupHolding.Whole;
    private readonly bool _isEverything;
    private readonly ulong[] _sharedMacs;
    private readonly ulong[] _othersGateways;

    /// <param name="holdings">What is held.</param>
    /// <param name="lookup">The virtual services.</param>
    /// <param name="links">Names of the links, in the order of their numbers.</param>
    public HeldAddresses(Holdings holdings, ServiceLookup lookup, IReadOnlyList<string> links)
    {
        _lookup = lookup;
        _isEverything = holdings.IsEverything;
        var groups = holdings.IsEverything ? [] : holdings.Groups.Select(group => (group.Addresses, Holding: new GroupHolding(group, links))).ToArray();
        foreach (var (addresses, holding) in groups)
        {
            foreach (var address in addresses)
                _groups.TryAdd(InetAddress.From(address), holding);
        }

        _networks = groups.Select(group => group.Holding).FirstOrDefault(holding => holding.Blocks is not null) ?? GroupHolding.Whole;
        ForwardsAll = _isEverything || lookup.VirtualAddresses.All(address => _groups.TryGetValue(address, out var group) && group is { Forwards: true, Blocks: null });
        HasPersistence = lookup.Services.Any(service => service.Persistence is not null);
        var shared = groups.Select(group => group.Holding).Where(holding => holding.SharedMac != 0).ToArray();
        _sharedMacs = [.. shared.Select(holding => holding.SharedMac).Distinct()];
        _othersGateways = [.. _sharedMacs.Except(shared.Where(holding => holding.IsGatewayOwner).Select(holding => holding.SharedMac))];
    }

    /// <summary>Whether every packet to a virtual address may be forwarded, so that none has to be asked about.</summary>
    public bool ForwardsAll { get; }

    /// <summary>Whether any service keeps clients by their network.</summary>
    public bool HasPersistence { get; }

    /// <summary>
    /// The group of a VIP, a masquerade address or a gateway address; null when it is in none, and so not held. Addresses of a mark's network come only to a director that routers send them to:
    /// they are held, under the first partition if there is any.
    /// </summary>
    public GroupHolding? Find(in InetAddress address) => _isEverything ? GroupHolding.Whole
        : _groups.TryGetValue(address, out var group) ? group
        : _lookup.IsVip(address) ? null
        : _networks;

    /// <summary>Whether an address is a VIP of the table or in a group.</summary>
    public bool Contains(in InetAddress address) => _lookup.IsVip(address) || _groups.ContainsKey(address);

    /// <summary>Whether an address is in a group and no service's: real servers route through it.</summary>
    public bool IsGateway(in InetAddress address) => _groups.Count > 0 && !_lookup.IsVirtual(address) && _groups.ContainsKey(address);

    /// <summary>The group of an address that questions on a link are answered for; null when they are not.</summary>
    public GroupHolding? Answering(in InetAddress address, int link)
    {
        if (_isEverything)
            return _lookup.IsVip(address) ? GroupHolding.Whole : null;
        return _groups.TryGetValue(address, out var group) && group.Answers && group.IsOn(link) ? group : null;
    }

    /// <summary>Whether a MAC address is a partition's.</summary>
    public bool IsSharedMac(ulong mac) => _sharedMacs.AsSpan().Contains(mac);

    /// <summary>Whether a MAC address is a partition's and another director's kernel forwards what goes through it.</summary>
    public bool IsOthersGateway(ulong mac) => _othersGateways.AsSpan().Contains(mac);
}
