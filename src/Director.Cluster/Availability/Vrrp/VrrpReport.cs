using System.Collections.Immutable;
using System.Net;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>What a director's VRRP does and has done.</summary>
/// <param name="Groups">The groups that it holds by VRRP.</param>
/// <param name="Refused">Packets that were not taken, by why.</param>
public sealed record VrrpReport(ImmutableArray<VrrpGroupReport> Groups, ImmutableSortedDictionary<VrrpFault, long> Refused);

/// <summary>A group held by VRRP.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Addresses">Its addresses.</param>
/// <param name="State">Its state.</param>
/// <param name="Role">What this director does for it.</param>
/// <param name="Priority">The priority in force.</param>
/// <param name="Reason">Why the state is what it is.</param>
/// <param name="Takes">How often this director became master.</param>
/// <param name="Sent">Advertisements sent.</param>
/// <param name="Received">Advertisements taken.</param>
/// <param name="Routers">Its virtual routers.</param>
public sealed record VrrpGroupReport(
    string Name, ImmutableArray<IPAddress> Addresses, VrrpState State, GroupRole Role, int Priority, string Reason, long Takes, long Sent, long Received, ImmutableArray<VrrpRouterReport> Routers);

/// <summary>A virtual router.</summary>
/// <param name="Interface">Its interface.</param>
/// <param name="RouterId">Its VRID.</param>
/// <param name="Master">Who was heard as master last; this director's own address while it is; null: nobody yet.</param>
/// <param name="MasterPriority">Its priority; 0 when there is none.</param>
public sealed record VrrpRouterReport(string Interface, int RouterId, IPAddress? Master, int MasterPriority);
