using System.Collections.Immutable;
using Director.Configuration;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>A group on the VRRP thread: its machine, and how what that decides is carried out.</summary>
internal sealed class VrrpGroup : IVrrpActions
{
    private readonly Action<VrrpGroup, VrrpState, VrrpState, string> _changed;
    private readonly ImmutableArray<IVrrpLink> _links;
    private readonly ImmutableArray<byte[]> _macs;
    private readonly byte[] _message = new byte[VrrpFormat.MaxBytes];
    private ImmutableArray<VrrpFormat> _formats;

    /// <param name="group">The group, with its addresses by the configuration.</param>
    /// <param name="routers">Its virtual routers.</param>
    /// <param name="links">The link of each.</param>
    /// <param name="changed">Told of each change of state, with why.</param>
    /// <param name="now">Microseconds.</param>
    public VrrpGroup(GroupConfiguration group, ImmutableArray<VrrpRouter> routers, ImmutableArray<IVrrpLink> links, Action<VrrpGroup, VrrpState, VrrpState, string> changed, long now)
    {
        Routers = routers;
        _links = links;
        _macs = [.. routers.Select(router => group.Vrrp!.VirtualMac ? VrrpFrame.VirtualMac(router.IsIPv6, router.RouterId) : [])];
        _changed = changed;
        Machine = new VrrpMachine(group.Vrrp!, routers, this, now);
        Configuration = group;
        Change(group);
        AnnouncementTimes = group.Announcements;
    }

    /// <summary>The group as it is configured now.</summary>
    public GroupConfiguration Configuration { get; private set; }

    /// <summary>Its virtual routers.</summary>
    public ImmutableArray<VrrpRouter> Routers { get; }

    /// <summary>What decides.</summary>
    public VrrpMachine Machine { get; }

    /// <summary>What its priority follows.</summary>
    public ImmutableArray<VrrpTracked> Tracked { get; set; } = [];

    /// <summary>As <see cref="Forwarding.HeldGroup.AnnouncementRound"/>.</summary>
    public int AnnouncementRound { get; private set; }

    /// <summary>Announcements of this round.</summary>
    public int AnnouncementTimes { get; private set; }

    /// <summary>Whether the engine is to hear of it.</summary>
    public bool HasNews { get; set; } = true;

    /// <summary>How often this director became master.</summary>
    public long Takes { get; private set; }

    /// <summary>Advertisements sent.</summary>
    public long Sent { get; private set; }

    /// <summary>Advertisements taken.</summary>
    public long Received { get; private set; }

    /// <summary>Whether a configuration has the same virtual routers, so that the machine goes on with its settings.</summary>
    public bool IsSame(GroupConfiguration group) =>
        group.Vrrp!.Version == Configuration.Vrrp!.Version && group.Vrrp.VirtualMac == Configuration.Vrrp.VirtualMac
        && group.Vrrp.Routers(group.Addresses).Select(Describe).SequenceEqual(Routers.Select(Describe));

    /// <summary>Goes by another configuration of the same routers.</summary>
    public void Change(GroupConfiguration group)
    {
        Configuration = group;
        _formats = [.. Routers.Select(router => new VrrpFormat(group.Vrrp!, router))];
        Machine.Change(group.Vrrp!);
        (Machine.Announcements, Machine.Refresh) = (group.Announcements, group.Refresh);
        HasNews = true;
    }

    /// <summary>Which of its routers an advertisement on a link is for; negative when none.</summary>
    public int Find(IVrrpLink link, int routerId)
    {
        for (var i = 0; i < Routers.Length; i++)
        {
            if (ReferenceEquals(_links[i], link) && Routers[i].RouterId == routerId)
                return i;
        }

        return -1;
    }

    /// <summary>Takes an advertisement that <see cref="Find"/> has found a router for.</summary>
    public VrrpFault Receive(int router, in VrrpAdvertisement advertisement, ReadOnlySpan<byte> message, long now)
    {
        var fault = advertisement.Source == SourceOf(router) ? VrrpFault.Sender : _formats[router].Check(advertisement, message);
        if (fault != VrrpFault.None)
            return fault;
        Received++;
        Machine.Receive(router, advertisement, now);
        return VrrpFault.None;
    }

    /// <summary>Goes by what holds now, and does what is due.</summary>
    public void Step(long now, bool mayPreempt)
    {
        var priority = VrrpTracking.Follow(Configuration.Vrrp!.Priority, Tracked, out var obstacle);
        for (var i = 0; i < Routers.Length; i++)
        {
            Machine.SetSource(i, SourceOf(i));
            obstacle = _links[i].Problem ?? obstacle;
        }

        Machine.Step(now, new VrrpFacts(obstacle, priority, mayPreempt));
    }

    /// <inheritdoc/>
    public void Send(int router, int priority)
    {
        var (link, format, source) = (_links[router], _formats[router], SourceOf(router));
        Sent++;
        if (format.Peers.IsEmpty)
        {
            var length = format.Write(_message, priority, source, link.IsIPv6 ? VrrpAddress.IPv6Group : VrrpAddress.IPv4Group);
            link.Send(_message.AsSpan(0, length), source, _macs[router]);
            return;
        }

        if (VrrpAddress.From(source, link.IsIPv6) is not { } from)
            return;
        for (var i = 0; i < format.Peers.Length; i++)
            link.SendTo(format.Router.Peers[i], _message.AsSpan(0, format.Write(_message, priority, source, format.Peers[i])), from);
    }

    /// <inheritdoc/>
    public void Changed(VrrpState before, VrrpState now, string reason)
    {
        HasNews = true;
        if (now == VrrpState.Master)
        {
            Takes++;
            AnnouncementRound++;
            AnnouncementTimes = Configuration.Announcements;
        }

        _changed(this, before, now, reason);
    }

    /// <inheritdoc/>
    public void Announce(int times)
    {
        (AnnouncementRound, AnnouncementTimes) = (AnnouncementRound + 1, times);
        HasNews = true;
    }

    /// <inheritdoc/>
    public void Released() => HasNews = true;

    /// <summary>Where a router's advertisements come from; 0 while its interface has no address.</summary>
    public UInt128 SourceOf(int router) => Routers[router].Source is { } source ? VrrpAddress.Of(source) : _links[router].Address;

    // Records compare arrays by reference.
    private static string Describe(VrrpRouter router) =>
        $"{router.Interface} {router.RouterId} {router.IsIPv6} {string.Join(' ', router.Addresses)} | {string.Join(' ', router.Peers)} | {router.Source}";
}
