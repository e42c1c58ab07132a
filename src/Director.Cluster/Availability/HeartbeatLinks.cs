using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Director.Configuration;

namespace Director.Cluster.Availability;

/// <summary>
/// The ways that heartbeats take. A thread of its own opens them, again when an interface comes back, because that may have to wait for the kernel; the heartbeat thread takes them over between
/// two heartbeats.
/// </summary>
internal sealed class HeartbeatLinks : IDisposable
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);
    private const int LooksAList = 20;
    private static readonly TimeSpan NameInterval = TimeSpan.FromSeconds(30);

    private readonly Slot[] _slots;
    private readonly Action<string> _log;
    private readonly Thread _opener;
    private readonly Thread? _resolver;
    private readonly ManualResetEventSlim _isStopping = new();
    private readonly ImmutableArray<string> _names;
    private readonly int _port;
    private HashSet<IPAddress> _own = [];
    private int _looks;
    private volatile IPAddress[]? _resolved;

    /// <param name="configuration">Port, UDP links and whether there are Ethernet ones.</param>
    /// <param name="seeds">The cluster's seeds, <c>host:port</c>: whom to send to where no link is configured.</param>
    /// <param name="interfaces">NICs for the Ethernet links.</param>
    /// <param name="log">Takes lines for the operator.</param>
    public HeartbeatLinks(HeartbeatConfiguration configuration, ImmutableArray<string> seeds, IEnumerable<string> interfaces, Action<string> log)
    {
        _log = log;
        _port = configuration.Port;
        List<Slot> slots = [];
        if (configuration.Links.IsEmpty)
        {
            var hosts = seeds.Select(HostOf).ToArray();
            ImmutableArray<IPAddress> literal = [.. hosts.Select(host => IPAddress.TryParse(host, out var address) ? address : null).OfType<IPAddress>()];
            _names = [.. hosts.Where(host => !IPAddress.TryParse(host, out _)).Distinct()];
            AddUnicast(slots, "", literal, mayBeEmpty: _names.Length > 0, isShared: false);
        }
        else
        {
            _names = [];
            var isShared = configuration.Links.Any(link => link.Multicast is not null);
            foreach (var link in configuration.Links)
            {
                if (link.Multicast is { } group)
                    slots.Add(new Slot($"UDP {group} on {link.Interface}", () => UdpSocket.OpenMulticast(link.Interface, group, _port)));
                AddUnicast(slots, link.Interface, link.Peers, mayBeEmpty: false, isShared);
            }
        }

        if (configuration.Ethernet)
            slots.AddRange(interfaces.Select(name => new Slot($"Ethernet on {name}", () => EthernetSocket.Open(name))));
        _slots = [.. slots.Take(Hearing.MaxLinks)];
        foreach (var left in slots.Skip(Hearing.MaxLinks))
            _log($"warning: no heartbeats by {left.Name}: {Hearing.MaxLinks} links at most");
        LookAll();
        Adopt();
        _opener = new Thread(Open) { Name = "heartbeat-links", IsBackground = true };
        _opener.Start();
        if (_names.Length > 0)
        {
            _resolver = new Thread(Resolve) { Name = "heartbeat-names", IsBackground = true };
            _resolver.Start();
        }
    }

    /// <summary>How many there are, open or not.</summary>
    public int Count => _slots.Length;

    /// <summary>What a link is called.</summary>
    public string NameOf(int link) => link < _slots.Length ? _slots[link].Name : $"link {link}";

    /// <summary>A link's socket; null while it cannot be opened. Heartbeat thread only.</summary>
    public HeartbeatSocket? this[int link] => _slots[link].Current;

    /// <summary>What is wrong with a link; null: nothing.</summary>
    public string? ProblemOf(int link) => _slots[link].Problem;

    /// <summary>Takes over what was opened meanwhile. Heartbeat thread only.</summary>
    public void Adopt()
    {
        foreach (var slot in _slots)
        {
            if (Interlocked.Exchange(ref slot.Next, null) is not { } next)
                continue;
            slot.Current?.Dispose();
            slot.Current = next;
        }
    }

    /// <summary>Sends on all links. Heartbeat thread only.</summary>
    public void Send(ReadOnlySpan<byte> datagram)
    {
        foreach (var slot in _slots)
            slot.Current?.Send(datagram);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _isStopping.Set();
        _opener.Join();
        Adopt();
        foreach (var slot in _slots)
            slot.Current?.Dispose();
        // The resolver may hang in a name server's silence; it is a background thread and ends by itself.
    }

    private static string HostOf(string seed)
    {
        var colon = seed.LastIndexOf(':');
        return (colon < 0 ? seed : seed[..colon]).Trim('[', ']');
    }

    private void AddUnicast(List<Slot> slots, string @interface, ImmutableArray<IPAddress> peers, bool mayBeEmpty, bool isShared)
    {
        foreach (var family in new[] { AddressFamily.InterNetwork, AddressFamily.InterNetworkV6 })
        {
            ImmutableArray<IPAddress> ofFamily = [.. peers.Where(peer => peer.AddressFamily == family)];
            if (ofFamily.IsEmpty && !mayBeEmpty)
                continue;
            var name = $"UDP{(family == AddressFamily.InterNetworkV6 ? "6" : "")} to peers{(@interface.Length == 0 ? "" : $" on {@interface}")}";
            slots.Add(new Slot(name, () => UdpSocket.OpenUnicast(@interface, family, _port, isShared)) { Peers = ofFamily, Family = family });
        }
    }

    private void Open()
    {
        while (!_isStopping.Wait(LookInterval))
        {
            LookAll();
        }
    }

    private void LookAll()
    {
        // Listing a host's addresses makes much garbage, and they hardly change.
        if (_looks++ % LooksAList == 0)
            _own = [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(nic => nic.GetIPProperties().UnicastAddresses).Select(address => address.Address)];
        foreach (var slot in _slots)
            Look(slot);
    }

    private void Look(Slot slot)
    {
        try
        {
            if (slot.Newest is { IsCurrent: true } newest)
            {
                Follow(slot, newest);
                return;
            }

            var socket = slot.Open();
            slot.Newest = socket;
            Follow(slot, socket);
            Interlocked.Exchange(ref slot.Next, socket)?.Dispose();
            if (slot.Problem is not null)
                _log($"heartbeats go by {slot.Name} again");
            slot.Problem = null;
        }
        catch (HeartbeatLinkException error)
        {
            if (slot.Problem != error.Message)
                _log($"warning: no heartbeats by {slot.Name}: {error.Message}");
            slot.Problem = error.Message;
        }
    }

    /// <summary>Who the peers are, without this host itself.</summary>
    private void Follow(Slot slot, HeartbeatSocket socket)
    {
        if (socket is not UdpSocket udp || slot.Family == AddressFamily.Unspecified)
            return;
        var resolved = (_resolved ?? []).Where(address => address.AddressFamily == slot.Family);
        udp.SetPeers(slot.Peers.Concat(resolved).Distinct().Where(peer => !_own.Contains(peer)), _port);
    }

    private void Resolve()
    {
        do
        {
            List<IPAddress> found = [];
            foreach (var name in _names)
            {
                try
                {
                    found.AddRange(Dns.GetHostAddresses(name));
                }
                catch (SocketException error)
                {
                    // Better the addresses of before than none: a name server may be down when a director dies.
                    if (_resolved is null)
                        _log($"warning: no heartbeats to '{name}' of cluster.seeds: {error.Message}");
                    found.AddRange(_resolved ?? []);
                }
            }

            _resolved = [.. found];
        }
        while (!_isStopping.Wait(NameInterval));
    }

    private sealed class Slot(string name, Func<HeartbeatSocket> open)
    {
        public HeartbeatSocket? Next;

        public string Name { get; } = name;

        public Func<HeartbeatSocket> Open { get; } = open;

        public ImmutableArray<IPAddress> Peers { get; init; } = [];

        public AddressFamily Family { get; init; } = AddressFamily.Unspecified;

        /// <summary>In use; the heartbeat thread's.</summary>
        public HeartbeatSocket? Current { get; set; }

        /// <summary>Last opened; the opener's.</summary>
        public HeartbeatSocket? Newest { get; set; }

        public string? Problem { get; set; }
    }
}
