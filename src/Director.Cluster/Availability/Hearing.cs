using System.Collections.Immutable;
using System.Net;
using System.Text;

namespace Director.Cluster.Availability;

/// <summary>
/// Whom this director hears: takes what links receive, lets in only what is authentic and new, and says who is alive. Pure: bytes and the time go in.
/// </summary>
/// <remarks>
/// A start is let in when it repeats this director's challenge, a random number that changes whenever one is let in: so nobody can bring back heartbeats that he recorded, neither after their
/// director nor after this one has started again, and nothing has to be remembered of starts that are over. From then on its sequence number must grow.
/// </remarks>
internal sealed class Hearing
{
    /// <summary>Links that are told apart.</summary>
    public const int MaxLinks = 32;

    /// <summary>Other directors that are known at once, dead ones among them.</summary>
    public const int MaxPeers = 16;

    private const int MaxStrangers = HeartbeatFormat.MaxContacts - MaxPeers;

    private readonly HeartbeatFormat _format;
    private readonly byte[] _ownName;
    private readonly ulong _ownBoot;
    private readonly Func<ulong> _draw;
    private readonly Func<int, string> _linkName;
    private readonly Action<string> _log;
    private readonly List<Peer> _peers = [];
    private readonly List<Stranger> _strangers = [];
    private readonly long[] _faults = new long[Enum.GetValues<HeartbeatFault>().Length];
    private readonly long[] _lastFaultLines = new long[Enum.GetValues<HeartbeatFault>().Length];

    /// <param name="format">Of the cluster.</param>
    /// <param name="ownName">This director's name.</param>
    /// <param name="ownBoot">This director's start.</param>
    /// <param name="draw">Draws random numbers that nobody can guess.</param>
    /// <param name="linkName">What a link is called.</param>
    /// <param name="log">Takes lines for the operator.</param>
    public Hearing(HeartbeatFormat format, string ownName, ulong ownBoot, Func<ulong> draw, Func<int, string> linkName, Action<string> log)
    {
        _format = format;
        _ownName = Encoding.UTF8.GetBytes(ownName);
        _ownBoot = ownBoot;
        _draw = draw;
        _linkName = linkName;
        _log = log;
        Challenge = draw();
        _lastFaultLines.AsSpan().Fill(long.MinValue / 2);
    }

    /// <summary>What a start that is not known must repeat.</summary>
    public ulong Challenge { get; private set; }

    /// <summary>The directors that were let in, dead ones among them.</summary>
    public IReadOnlyList<Peer> Peers => _peers;

    /// <summary>Counts changes of what other directors say or of who is alive.</summary>
    public int Version { get; private set; }

    /// <summary>Counts changes of <see cref="Contacts"/> and <see cref="Challenge"/>.</summary>
    public int ContactsVersion { get; private set; }

    /// <summary>How many datagrams had this fault.</summary>
    public long Count(HeartbeatFault fault) => _faults[(int)fault];

    /// <summary>Whom this director hears, for its own heartbeats.</summary>
    public ImmutableArray<HeartbeatContact> Contacts() =>
    [
        .. _peers.Select(peer => new HeartbeatContact(peer.Boot, peer.Body.Challenge, peer.IsAlive)),
        .. _strangers.Select(stranger => new HeartbeatContact(stranger.Boot, stranger.Challenge, false)),
    ];

    /// <summary>Takes what a link received.</summary>
    /// <param name="datagram">Its bytes.</param>
    /// <param name="link">The link's number, below <see cref="MaxLinks"/>.</param>
    /// <param name="from">Where it came from; null for Ethernet.</param>
    /// <param name="now">Milliseconds.</param>
    /// <returns>Why it was not taken, or <see cref="HeartbeatFault.None"/>.</returns>
    public HeartbeatFault Receive(ReadOnlySpan<byte> datagram, int link, IPAddress? from, long now)
    {
        var fault = _format.Open(datagram, out var envelope);
        if (fault == HeartbeatFault.None)
            fault = Take(envelope, link, from, now);
        if (fault != HeartbeatFault.None)
        {
            _faults[(int)fault]++;
            Explain(fault, from, now);
        }

        return fault;
    }

    /// <summary>Finds who has been silent for too long.</summary>
    /// <param name="now">Milliseconds.</param>
    /// <param name="warntime">A silence to log.</param>
    /// <param name="deadtime">A silence that means death.</param>
    public void Expire(long now, long warntime, long deadtime)
    {
        foreach (var peer in _peers)
        {
            if (!peer.IsAlive)
                continue;
            var silence = now - peer.LastHeard;
            if (silence >= deadtime)
            {
                Bury(peer, $"was silent for {silence} ms");
                _log($"warning: {peer.Name} is dead: nothing was heard of it for {silence} ms (deadtime {deadtime} ms)");
            }
            else if (silence >= warntime && !peer.IsLate)
            {
                peer.IsLate = true;
                _log($"warning: {peer.Name} is late: nothing was heard of it for {silence} ms (warntime {warntime} ms, deadtime {deadtime} ms)");
            }

            LinkSilences(peer, now, Math.Max(deadtime, 1000));
        }

        for (var i = _strangers.Count - 1; i >= 0; i--)
        {
            if (now - _strangers[i].LastHeard < deadtime)
                continue;
            _strangers.RemoveAt(i);
            ContactsVersion++;
        }
    }

    /// <summary>The first moment at which <see cref="Expire"/> may find somebody; <see cref="long.MaxValue"/>: never.</summary>
    public long NextExpiry(long warntime, long deadtime)
    {
        var next = long.MaxValue;
        foreach (var peer in _peers)
        {
            if (peer.IsAlive)
                next = Math.Min(next, peer.LastHeard + (peer.IsLate ? deadtime : Math.Min(warntime, deadtime)));
        }

        return next;
    }

    /// <summary>Gives everybody time to be heard again: this director has not listened.</summary>
    public void Forgive(long now)
    {
        foreach (var peer in _peers)
        {
            peer.LastHeard = peer.IsAlive ? now : peer.LastHeard;
            peer.IsAwaited = peer.IsAlive;
        }
    }

    /// <summary>Whether everybody who is alive was heard since then.</summary>
    public bool HasHeardAll()
    {
        foreach (var peer in _peers)
        {
            if (peer is { IsAlive: true, IsAwaited: true })
                return false;
        }

        return true;
    }

    private HeartbeatFault Take(in HeartbeatEnvelope envelope, int link, IPAddress? from, long now)
    {
        if (envelope.Boot == _ownBoot)
            return HeartbeatFault.Own;
        if (envelope.Name.SequenceEqual(_ownName))
            return HeartbeatFault.SameName;
        var peer = Find(envelope.Boot);
        if (peer is null)
            return Meet(envelope, link, from, now);
        if (!envelope.Name.SequenceEqual(peer.NameBytes))
            return HeartbeatFault.Malformed;
        ref var heard = ref peer.Links[link];
        if (envelope.Sequence <= heard.Sequence)
            return envelope.Sequence == heard.Sequence ? HeartbeatFault.Repeated : HeartbeatFault.Replayed;
        if (envelope.Sequence > peer.Sequence)
        {
            // Only what is newer than all before is a sign of life: a link that is late, or whose heartbeats somebody holds back, must not keep a dead director alive.
            if (!Read(peer, envelope))
                return HeartbeatFault.Malformed;
            if (peer.Body.IsGoodbye)
                return HeartbeatFault.None;
            peer.Sequence = envelope.Sequence;
            IsHeard(peer, now);
        }

        Note(peer, ref heard, envelope.Sequence, link, now);
        if (from is not null && !from.Equals(peer.Address) && (peer.Address is null || now - peer.Links[peer.AddressLink].LastHeard > 1000))
        {
            peer.Address = from;
            peer.AddressLink = link;
            Version++;
        }

        return HeartbeatFault.None;
    }

    /// <summary>Takes what a known start carries. False when it makes no sense.</summary>
    private bool Read(Peer peer, in HeartbeatEnvelope envelope)
    {
        if (envelope.Kind == HeartbeatKind.Payload)
        {
            if (!HeartbeatFormat.TryReadPayload(envelope.Body, out var number, out var payload))
                return false;
            if (peer.Payloads.TryGetValue(number, out var old) ? payload.SequenceEqual(old.AsSpan()) : payload.IsEmpty)
                return true;
            if (peer.Payloads.Count >= IHeardDirectors.MaxPayloads && old.IsDefault)
                return false;
            peer.Payloads = payload.IsEmpty ? peer.Payloads.Remove(number) : peer.Payloads.SetItem(number, [.. payload]);
            Version++;
            return true;
        }

        if (envelope.Body.SequenceEqual(peer.BodyBytes))
            return true;
        if (HeartbeatFormat.ReadHeartbeat(envelope.Body) is not { } body)
            return false;
        if (body.Challenge != peer.Body.Challenge)
            ContactsVersion++;
        peer.Body = body;
        peer.BodyBytes = envelope.Body.ToArray();
        Version++;
        if (body.IsGoodbye && peer.IsAlive)
        {
            Bury(peer, "has stopped");
            _log($"{peer.Name} has stopped");
        }

        return true;
    }

    /// <summary>Hears a start that is not known: it must answer the challenge first.</summary>
    private HeartbeatFault Meet(in HeartbeatEnvelope envelope, int link, IPAddress? from, long now)
    {
        if (envelope.Kind != HeartbeatKind.Heartbeat)
            return HeartbeatFault.Unconfirmed;
        if (HeartbeatFormat.ReadHeartbeat(envelope.Body) is not { } body || HeartbeatFormat.Text(envelope.Name) is not { } name)
            return HeartbeatFault.Malformed;
        if (!Answers(body) || body.IsGoodbye)
        {
            Remember(envelope.Boot, name, body.Challenge, from, now);
            return HeartbeatFault.Unconfirmed;
        }

        var earlier = _peers.FindIndex(peer => peer.Name == name);
        if (earlier < 0 && _peers.Count == MaxPeers && !ForgetOldest())
            return HeartbeatFault.TooMany;

        var peer = new Peer(name, envelope.Boot) { Body = body, BodyBytes = envelope.Body.ToArray(), Sequence = envelope.Sequence, LastHeard = now, Address = from, AddressLink = link };
        if (earlier >= 0)
        {
            _log($"{name} has started again");
            if (_peers[earlier].IsAlive)
                peer.Gone = "has started again";
            _peers[earlier] = peer;
        }
        else
        {
            _log($"hears {name}{(from is null ? "" : $" at {from}")}");
            _peers.Add(peer);
        }

        Note(peer, ref peer.Links[link], envelope.Sequence, link, now);
        var boot = envelope.Boot;
        _strangers.RemoveAll(stranger => stranger.Boot == boot);
        Challenge = _draw();
        ContactsVersion++;
        Version++;
        return HeartbeatFault.None;
    }

    private bool Answers(HeartbeatBody body)
    {
        foreach (var contact in body.Contacts)
        {
            if (contact.Boot == _ownBoot && contact.Answer == Challenge)
                return true;
        }

        return false;
    }

    private void Remember(ulong boot, string name, ulong challenge, IPAddress? from, long now)
    {
        var stranger = _strangers.Find(known => known.Boot == boot);
        if (stranger is null)
        {
            if (_strangers.Count == MaxStrangers)
                _strangers.Remove(_strangers.MinBy(known => known.LastHeard)!);
            stranger = new Stranger(boot, now);
            _strangers.Add(stranger);
            ContactsVersion++;
        }

        if (stranger.Challenge != challenge)
        {
            stranger.Challenge = challenge;
            ContactsVersion++;
        }

        stranger.LastHeard = now;
        if (now - stranger.FirstHeard > 5000 && !stranger.IsTold)
        {
            stranger.IsTold = true;
            _log($"warning: hears {name}{(from is null ? "" : $" at {from}")}, which does not answer: it does not hear this director; look at its heartbeat links and at firewalls");
        }
    }

    /// <summary>Makes room for another director in place of one that is dead.</summary>
    private bool ForgetOldest()
    {
        var oldest = _peers.Where(peer => !peer.IsAlive).MinBy(peer => peer.LastHeard);
        return oldest is not null && _peers.Remove(oldest);
    }

    private void IsHeard(Peer peer, long now)
    {
        var silence = now - peer.LastHeard;
        peer.LastHeard = now;
        peer.IsAwaited = false;
        if (!peer.IsAlive)
        {
            peer.IsAlive = true;
            peer.Gone = null;
            Version++;
            ContactsVersion++;
            _log($"{peer.Name} is heard again after {silence} ms: it was alive, or it was stopped and goes on");
        }
        else if (peer.IsLate)
        {
            _log($"{peer.Name} is heard again after {silence} ms");
        }

        peer.IsLate = false;
    }

    private void Note(Peer peer, ref LinkHearing heard, ulong sequence, int link, long now)
    {
        if (heard.Received > 0)
            heard.Lost += (long)(sequence - heard.Sequence - 1);
        if (heard.IsSilent)
            _log($"{peer.Name} is heard on {_linkName(link)} again");
        heard.IsSilent = false;
        heard.Sequence = sequence;
        heard.LastHeard = now;
        heard.Received++;
    }

    /// <summary>A director that is alive may still have lost one of its links.</summary>
    private void LinkSilences(Peer peer, long now, long limit)
    {
        if (!peer.IsAlive || now - peer.LastHeard >= limit / 2)
            return;
        for (var link = 0; link < peer.Links.Length; link++)
        {
            ref var heard = ref peer.Links[link];
            if (heard.Received == 0 || heard.IsSilent || now - heard.LastHeard < limit)
                continue;
            heard.IsSilent = true;
            _log($"warning: {peer.Name} is no longer heard on {_linkName(link)}, but on another link: look at the network there");
        }
    }

    private void Bury(Peer peer, string why)
    {
        peer.IsAlive = false;
        peer.IsLate = false;
        peer.Gone = why;
        foreach (ref var heard in peer.Links.AsSpan())
            heard.IsSilent = false;
        Version++;
        ContactsVersion++;
    }

    private Peer? Find(ulong boot)
    {
        foreach (var peer in _peers)
        {
            if (peer.Boot == boot)
                return peer;
        }

        return null;
    }

    /// <summary>What an operator must know of, at most once a minute a kind.</summary>
    private void Explain(HeartbeatFault fault, IPAddress? from, long now)
    {
        var sender = from is null ? "a neighbour on Ethernet" : from.ToString();
        var line = fault switch
        {
            HeartbeatFault.Version => $"{sender} sends heartbeats of another version of director: run the same version on all directors",
            HeartbeatFault.Forged => $"{sender} sends heartbeats of this cluster's name that are not made with its key: compare cluster.key",
            HeartbeatFault.Foreign => $"{sender} sends heartbeats of another cluster: not taken; give it another port or multicast group, or this cluster's name",
            HeartbeatFault.SameName => $"{sender} has this director's own name, {Encoding.UTF8.GetString(_ownName)}: give each director a name of its own",
            HeartbeatFault.Malformed => $"{sender} sends authentic heartbeats that make no sense: run the same version on all directors",
            HeartbeatFault.TooMany => $"{sender} is a director too many: {MaxPeers + 1} at most make a cluster",
            _ => null,
        };
        if (line is null || now - _lastFaultLines[(int)fault] < 60_000)
            return;
        _lastFaultLines[(int)fault] = now;
        _log($"warning: {line}");
    }

    /// <summary>A director that was let in.</summary>
    internal sealed class Peer(string name, ulong boot)
    {
        /// <summary>Its name.</summary>
        public string Name { get; } = name;

        /// <summary>Its name in UTF-8.</summary>
        public byte[] NameBytes { get; } = Encoding.UTF8.GetBytes(name);

        /// <summary>Its start.</summary>
        public ulong Boot { get; } = boot;

        /// <summary>The highest sequence number heard on any link.</summary>
        public ulong Sequence { get; set; }

        /// <summary>When it last said something new, in milliseconds.</summary>
        public long LastHeard { get; set; }

        /// <summary>Whether it is heard.</summary>
        public bool IsAlive { get; set; } = true;

        /// <summary>Whether its silence was logged.</summary>
        public bool IsLate { get; set; }

        /// <summary>Whether nothing was heard of it since this director stood still.</summary>
        public bool IsAwaited { get; set; }

        /// <summary>Why it, or its start before, is not heard any more; null when nothing of the kind happened.</summary>
        public string? Gone { get; set; }

        /// <summary>What it last said.</summary>
        public required HeartbeatBody Body { get; set; }

        /// <summary>The same as it stood on the wire.</summary>
        public required byte[] BodyBytes { get; set; }

        /// <summary>Its payloads.</summary>
        public ImmutableSortedDictionary<int, ImmutableArray<byte>> Payloads { get; set; } = ImmutableSortedDictionary<int, ImmutableArray<byte>>.Empty;

        /// <summary>As <see cref="HeardDirector.Address"/>.</summary>
        public IPAddress? Address { get; set; }

        /// <summary>The link that <see cref="Address"/> was seen on.</summary>
        public int AddressLink { get; set; }

        /// <summary>How it is heard on each link.</summary>
        public LinkHearing[] Links { get; } = new LinkHearing[MaxLinks];
    }

    /// <summary>How a director is heard on one link.</summary>
    internal struct LinkHearing
    {
        /// <summary>The last sequence number.</summary>
        public ulong Sequence;

        /// <summary>When, in milliseconds.</summary>
        public long LastHeard;

        /// <summary>Datagrams taken.</summary>
        public long Received;

        /// <summary>Datagrams that were missing between two that came.</summary>
        public long Lost;

        /// <summary>Whether its silence was logged.</summary>
        public bool IsSilent;
    }

    private sealed class Stranger(ulong boot, long firstHeard)
    {
        public ulong Boot { get; } = boot;

        public long FirstHeard { get; } = firstHeard;

        public ulong Challenge { get; set; }

        public long LastHeard { get; set; }

        public bool IsTold { get; set; }
    }
}
