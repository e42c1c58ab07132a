using System.Collections.Immutable;
using System.Net;
using System.Text;
using Director.Configuration;

namespace Director.Cluster.Availability;

/// <summary>
/// All that a director does about availability, without clock, sockets or threads: time and received bytes go in, bytes to send and decisions come out. The director's own times must not go
/// backwards; nothing else is asked of its clock.
/// </summary>
internal sealed class HeartbeatMachine
{
    private readonly HeartbeatFormat _format;
    private readonly byte[] _name;
    private readonly Action<string> _log;
    private readonly Hearing _hearing;
    private readonly Election _election;
    private readonly List<ElectionOutput> _outputs = [];
    private readonly SortedDictionary<int, byte[]> _payloads = [];
    private readonly HashSet<string> _differing = [];
    private readonly Func<string, string?> _whyGone;
    private readonly byte[] _datagram = new byte[HeartbeatFormat.MaxBytes];
    private ElectionSettings _settings;
    private ulong _sequence;
    private long _lastSent;
    private bool _isDue = true;
    private string _akkaAddress = "";
    private ClusterIdentity? _cluster;
    private IPEndPoint? _synchronisation;
    private bool _isSynchronised;
    private int _pingNodesReached;
    private HeartbeatBody _body;
    private byte[] _bodyBytes;
    private int _contactsVersion = -1;
    private ImmutableArray<HeartbeatContact> _contacts = [];
    private int _factsVersion = -1;
    private ImmutableArray<HeardDirector> _others = [];
    private HeardDirectors? _heard;

    /// <param name="format">Of the cluster.</param>
    /// <param name="settings">What to go by.</param>
    /// <param name="boot">This start's number.</param>
    /// <param name="draw">Draws random numbers that nobody can guess.</param>
    /// <param name="linkName">What a link is called.</param>
    /// <param name="log">Takes lines for the operator.</param>
    /// <param name="now">Milliseconds.</param>
    public HeartbeatMachine(HeartbeatFormat format, ElectionSettings settings, ulong boot, Func<ulong> draw, Func<int, string> linkName, Action<string> log, long now)
    {
        _format = format;
        _settings = settings;
        _log = log;
        _whyGone = WhyGone;
        Boot = boot;
        _name = Encoding.UTF8.GetBytes(settings.Name);
        _hearing = new Hearing(format, settings.Name, boot, draw, linkName, log);
        _election = new Election(settings, now);
        _lastSent = now;
        _body = Say(isGoodbye: false);
        _bodyBytes = HeartbeatFormat.Encode(_body);
    }

    /// <summary>This start's number.</summary>
    public ulong Boot { get; }

    /// <summary>Who is heard.</summary>
    public Hearing Hearing => _hearing;

    /// <summary>Who holds what.</summary>
    public Election Election => _election;

    /// <summary>What to go by.</summary>
    public ElectionSettings Settings => _settings;

    /// <summary>Who is alive, as of the last <see cref="Decide"/>; the same object while nothing changes.</summary>
    public HeardDirectors Heard => _heard ??= new HeardDirectors(Self(), _others);

    /// <summary>Whether heartbeats are to be sent now.</summary>
    public bool IsDue(long now) => _isDue || now - _lastSent >= _settings.Keepalive;

    /// <summary>When something happens by itself next.</summary>
    public long NextEvent() => _isDue ? _lastSent : Math.Min(_lastSent + _settings.Keepalive, _hearing.NextExpiry(_settings.Warntime, _settings.Deadtime));

    /// <summary>For how long the others leave this director what it has when they hear no more of it: others that listen for deadtime, or one that starts and waits initdead.</summary>
    public long Patience => _others.IsEmpty ? Math.Max(_settings.Initdead, _settings.Deadtime) : ShortestDeadtime();

    /// <summary>For how long from its last heartbeat on this director may forward; 0 while it has to listen first.</summary>
    public long Loan => _election.IsListening ? 0 : Patience;

    /// <summary>Goes by other settings from now on; the name stays.</summary>
    public void Change(ElectionSettings settings, long now)
    {
        _settings = settings;
        _election.Change(settings, _outputs, now);
        _factsVersion = -1;
        _isDue = true;
    }

    /// <summary>As <see cref="IHeardDirectors.SetPayload"/>, checked by the caller.</summary>
    public void SetPayload(int number, byte[] bytes)
    {
        // An empty one is sent on: the others forget theirs by it.
        _payloads[number] = bytes;
        _heard = null;
        _isDue = true;
    }

    /// <summary>As <see cref="IHeardDirectors.SetAkka"/>.</summary>
    public void SetAkka(string address, ClusterIdentity? cluster) => (_akkaAddress, _cluster, _isDue) = (address, cluster, true);

    /// <summary>As <see cref="IHeardDirectors.SetSynchronisation"/>.</summary>
    public void SetSynchronisation(IPEndPoint? address) => (_synchronisation, _isDue) = (address, true);

    /// <summary>Somebody else announced an address of a group.</summary>
    public void Contested(string group, string announcement, long now) => _election.Contested(group, announcement, now, _outputs);

    /// <summary>To be called first when this director runs again, before what it has received meanwhile is taken: finds out whether it stood still.</summary>
    public void Wake(long now)
    {
        var gap = now - _lastSent;
        if (gap < Patience)
            return;
        _log($"warning: this director stood still for {gap} ms, the others may have taken what it had: it listens before it touches a packet; look at what the host was doing");
        _hearing.Forgive(now);
        _election.StoodStill(now, gap, _outputs);
        _isDue = true;
    }

    /// <summary>As <see cref="Hearing.Receive"/>.</summary>
    public HeartbeatFault Receive(ReadOnlySpan<byte> datagram, int link, IPAddress? from, long now) => _hearing.Receive(datagram, link, from, now);

    /// <summary>Decides, after all that was received was taken.</summary>
    /// <param name="now">Milliseconds.</param>
    /// <param name="isSynchronised">Whether this director has the connections of the others.</param>
    /// <param name="pingNodesReached">How many ping nodes answer it.</param>
    /// <param name="outputs">Becomes what to do, in this order.</param>
    public void Decide(long now, bool isSynchronised, int pingNodesReached, List<ElectionOutput> outputs)
    {
        _hearing.Expire(now, _settings.Warntime, _settings.Deadtime);
        if (_factsVersion != _hearing.Version)
        {
            _factsVersion = _hearing.Version;
            _others = Others();
            _heard = null;
            Compare();
        }

        (_isSynchronised, _pingNodesReached) = (isSynchronised, pingNodesReached);
        _election.Decide(now, _others, _hearing.HasHeardAll(), _whyGone, isSynchronised, pingNodesReached, _outputs);
        outputs.Clear();
        outputs.AddRange(_outputs);
        _outputs.Clear();
        // What is not said before the next heartbeat need not be put into words: that would make garbage with every datagram.
        if (outputs.Count > 0 || IsDue(now))
            PutIntoWords();
    }

    private void PutIntoWords()
    {
        if (_contactsVersion != _hearing.ContactsVersion)
        {
            _contactsVersion = _hearing.ContactsVersion;
            _contacts = _hearing.Contacts();
        }

        var body = Say(isGoodbye: false);
        if (!IsSame(body, _body))
        {
            _isDue |= !body.Groups.AsSpan().SequenceEqual(_body.Groups.AsSpan());
            _body = body;
            _bodyBytes = HeartbeatFormat.Encode(body);
            _heard = null;
        }
    }

    /// <summary>Gives the heartbeats to send now, one after the other.</summary>
    /// <param name="now">Milliseconds.</param>
    /// <param name="send">Sends one on all links.</param>
    public void Send(long now, SendDatagram send)
    {
        _lastSent = now;
        _isDue = false;
        send(_datagram.AsSpan(0, _format.Write(_datagram, HeartbeatKind.Heartbeat, _name, Boot, ++_sequence, _bodyBytes)));
        foreach (var (number, bytes) in _payloads)
            send(_datagram.AsSpan(0, _format.Write(_datagram, HeartbeatKind.Payload, _name, Boot, ++_sequence, HeartbeatFormat.Encode(number, bytes))));
    }

    /// <summary>Gives the last heartbeat of this start.</summary>
    public void SendGoodbye(SendDatagram send) =>
        send(_datagram.AsSpan(0, _format.Write(_datagram, HeartbeatKind.Heartbeat, _name, Boot, ++_sequence, HeartbeatFormat.Encode(Say(isGoodbye: true)))));

    // As the configuration writes it.
    private static string Word(AvailabilityMode mode) => mode == AvailabilityMode.ActiveActive ? "active-active" : "active-standby";

    /// <summary>Directors that go by different times or modes do not decide alike: told once of each.</summary>
    private void Compare()
    {
        foreach (var peer in _hearing.Peers)
        {
            var isSame = peer.Body.Deadtime == _settings.Deadtime && peer.Body.Mode == _settings.Mode;
            if (isSame)
                _differing.Remove(peer.Name);
            else if (peer.IsAlive && _differing.Add(peer.Name))
                _log($"warning: {peer.Name} has mode {Word(peer.Body.Mode)} and deadtime {peer.Body.Deadtime} ms, this director {Word(_settings.Mode)} and {_settings.Deadtime} ms: configure all alike");
        }
    }

    private long ShortestDeadtime()
    {
        var shortest = _settings.Deadtime;
        foreach (var peer in _hearing.Peers)
        {
            if (peer.IsAlive)
                shortest = Math.Min(shortest, peer.Body.Deadtime);
        }

        return shortest;
    }

    private string? WhyGone(string name)
    {
        foreach (var peer in _hearing.Peers)
        {
            if (peer.Name == name)
                return peer.Gone;
        }

        return null;
    }

    private HeartbeatBody Say(bool isGoodbye) => new()
    {
        Challenge = _hearing.Challenge,
        Deadtime = (int)_settings.Deadtime,
        Started = _settings.Started,
        Priority = (byte)_settings.Priority,
        PingNodes = (byte)_settings.PingNodes,
        PingNodesReached = (byte)_pingNodesReached,
        Mode = _settings.Mode,
        IsEligible = _election.IsEligible,
        IsSynchronised = _isSynchronised,
        IsStopping = _election.IsStopping,
        IsGoodbye = isGoodbye,
        AkkaAddress = _akkaAddress,
        Cluster = _cluster,
        Synchronisation = _synchronisation,
        Contacts = _contacts,
        Groups = [.. _election.Groups.Select(group => new HeartbeatGroup(group.Settings.Id, group.State.Role, BootOf(group.State.Successor)))],
    };

    /// <summary>Records compare arrays by reference.</summary>
    private static bool IsSame(HeartbeatBody one, HeartbeatBody other) =>
        one.Contacts.AsSpan().SequenceEqual(other.Contacts.AsSpan()) && one.Groups.AsSpan().SequenceEqual(other.Groups.AsSpan())
        && one with { Contacts = other.Contacts, Groups = other.Groups } == other;

    private ulong BootOf(string? name)
    {
        foreach (var peer in _hearing.Peers)
        {
            if (peer.Name == name)
                return peer.Boot;
        }

        return 0;
    }

    private HeardDirector Self() => Describe(_settings.Name, Boot, _body, null,
        _payloads.Where(payload => payload.Value.Length > 0).ToImmutableSortedDictionary(payload => payload.Key, payload => ImmutableArray.Create(payload.Value)));

    private ImmutableArray<HeardDirector> Others() =>
    [
        .. _hearing.Peers.Where(peer => peer.IsAlive)
            .Select(peer => Describe(peer.Name, peer.Boot, peer.Body, peer.Address, peer.Payloads))
            .OrderBy(other => other.Name, StringComparer.Ordinal),
    ];

    private HeardDirector Describe(string name, ulong boot, HeartbeatBody body, IPAddress? address, ImmutableSortedDictionary<int, ImmutableArray<byte>> payloads) => new()
    {
        Name = name,
        Boot = boot,
        Started = body.Started,
        Priority = body.Priority,
        Mode = body.Mode,
        PingNodes = body.PingNodes,
        PingNodesReached = body.PingNodesReached,
        IsEligible = body.IsEligible,
        IsSynchronised = body.IsSynchronised,
        IsStopping = body.IsStopping,
        Groups = GroupsOf(body),
        Hears = [.. body.Contacts.Where(contact => contact.IsAlive).Select(contact => NameOf(contact.Boot)).OfType<string>().Order(StringComparer.Ordinal)],
        AkkaAddress = body.AkkaAddress,
        Cluster = body.Cluster,
        Synchronisation = body.Synchronisation,
        Address = address,
        Payloads = payloads,
    };

    private ImmutableSortedDictionary<string, GroupState> GroupsOf(HeartbeatBody body)
    {
        var groups = ImmutableSortedDictionary.CreateBuilder<string, GroupState>(StringComparer.Ordinal);
        foreach (var group in body.Groups)
        {
            foreach (var known in _settings.Groups)
            {
                if (known.Id == group.Id)
                    groups[known.Name] = new GroupState(group.Role, NameOf(group.Successor));
            }
        }

        return groups.ToImmutable();
    }

    private string? NameOf(ulong boot) => boot == Boot ? _settings.Name : _hearing.Peers.FirstOrDefault(peer => peer.Boot == boot)?.Name;
}

/// <summary>Sends a datagram; its bytes are valid during the call.</summary>
internal delegate void SendDatagram(ReadOnlySpan<byte> datagram);
