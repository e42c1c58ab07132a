using Director.Forwarding.Links;

namespace Director.Forwarding.Engine;

/// <summary>What the packet path asks of a link for every frame.</summary>
/// <param name="Mac">The interface's own MAC address.</param>
/// <param name="Mtu">Largest IP packet, in bytes.</param>
/// <param name="HasEthernet">Whether frames begin with an Ethernet header.</param>
internal readonly record struct LinkFacts(ulong Mac, int Mtu, bool HasEthernet);

/// <summary>The worker's links with their facts at hand: taken once a batch, since an interface may come back with another MAC or MTU.</summary>
internal sealed class LinkSet(ILink[] links)
{
    private readonly LinkFacts[] _facts = [.. links.Select(FactsOf)];

    /// <summary>Number of links.</summary>
    public int Count => links.Length;

    /// <summary>A link's facts.</summary>
    public ref readonly LinkFacts this[int link] => ref _facts[link];

    /// <summary>The TUN link to this host; -1 when there is none.</summary>
    public int ThisHost { get; } = Array.FindIndex(links, link => link.Kind == LinkKind.Ip);

    /// <summary>Whether a MAC address is one of ours: on one LAN with two NICs each hears what the other announces.</summary>
    public bool HasMac(ulong mac)
    {
        foreach (ref readonly var facts in _facts.AsSpan())
        {
            if (facts.Mac == mac)
                return true;
        }

        return false;
    }

    /// <summary>A link's name.</summary>
    public string NameOf(int link) => links[link].Name;

    /// <summary>Sends frames by a link.</summary>
    public int Send(int link, ReadOnlySpan<Frame> frames) => links[link].Send(frames);

    /// <summary>The link of a kernel interface; -1 when the engine does not use it.</summary>
    public int Find(int interfaceIndex)
    {
        for (var i = 0; i < links.Length; i++)
        {
            if (links[i].InterfaceIndex == interfaceIndex)
                return i;
        }

        return -1;
    }

    /// <summary>Takes the facts anew.</summary>
    public void Refresh()
    {
        for (var i = 0; i < links.Length; i++)
            _facts[i] = FactsOf(links[i]);
    }

    private static LinkFacts FactsOf(ILink link) => new(link.Mac, link.Mtu, link.Kind == LinkKind.Ethernet);
}
