using System.Collections.Immutable;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;
using Akka.Remote;
using Director.Cluster.Availability;
using Director.Cluster.Transport;
using Director.Configuration;

namespace Director.Cluster.Formation;

/// <summary>
/// Brings this director into a cluster and keeps the cluster whole: asks directors who they are (<see cref="Handshake"/>), and carries out what <see cref="Joining"/>, <see cref="Meeting"/> and <see cref="Downing"/> decide.
/// </summary>
internal sealed class FormationActor : ReceiveActor, IWithTimers
{
    private static readonly TimeSpan TickEvery = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan AskEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AskEveryAsMember = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan AnswersFor = AskPatience + AskEveryAsMember;

    private readonly Akka.Cluster.Cluster _cluster = Akka.Cluster.Cluster.Get(Context.System);
    private readonly DirectorRemoting _remoting = DirectorRemoting.Get(Context.System);
    private readonly ILoggingAdapter _log = Context.GetLogger();
    private readonly CancellationTokenSource _stopped = new();
    private readonly TimeProvider _clock = TimeProvider.System;
    private readonly long _start;
    private readonly ImmutableArray<string> _seeds;
    private readonly IHeardDirectors? _heartbeats;
    private readonly Action<string> _restart;
    private readonly Joining _joining;
    private readonly Meeting _meeting = new();
    private readonly Downing _downing = new();
    private readonly HashSet<string> _everHeard = [];
    private readonly HashSet<string> _ownNames = [];
    private readonly Dictionary<string, TimeSpan> _nextAsk = [];
    private readonly Dictionary<string, TimeSpan> _answered = [];
    private bool _hasJoined;
    private bool _hasSpoken;

    /// <summary>For one actor system.</summary>
    /// <param name="cluster">What the operator says of it.</param>
    /// <param name="heartbeats">Who is alive; null: there are no heartbeats.</param>
    /// <param name="restart">Ends the actor system, to start it again outside of its cluster; takes the reason.</param>
    public FormationActor(ClusterConfiguration cluster, IHeardDirectors? heartbeats, Action<string> restart)
    {
        _start = _clock.GetTimestamp();
        _seeds = cluster.Seeds;
        _heartbeats = heartbeats;
        _restart = reason =>
        {
            // Nothing more is decided in a system that ends.
            Timers.CancelAll();
            Become(() => ReceiveAny(_ => { }));
            restart(reason);
        };
        _ownNames.Add(HostPort(_cluster.SelfAddress));
        _joining = new(_cluster.SelfAddress.ToString(), cluster.SeedWait, TimeSpan.Zero);
        Receive<Tick>(_ => Look());
        Receive<Asked>(asked =>
        {
            _nextAsk[asked.Who] = Now + (_hasJoined ? AskEveryAsMember : AskEvery);
            if (asked.Answer is { } answer)
            {
                Heard(answer);
            }
            else
            {
                _remoting.Complaints?.Say(asked.Who, asked.Why);
            }
        });
        Receive<ClusterEvent.IClusterDomainEvent>(Tell);
        Receive<ThisActorSystemQuarantinedEvent>(Refused);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private TimeSpan Now => _clock.GetElapsedTime(_start);

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _cluster.Subscribe(Self, ClusterEvent.SubscriptionInitialStateMode.InitialStateAsEvents, typeof(ClusterEvent.IMemberEvent), typeof(ClusterEvent.IReachabilityEvent));
        Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
        Timers.StartPeriodicTimer(Tick.Instance, Tick.Instance, TimeSpan.Zero, TickEvery);
        if (_remoting.Handshake is null)
        {
            _cluster.Join(_cluster.SelfAddress);
        }
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _stopped.Cancel();
        _remoting.Cluster = null;
        _heartbeats?.SetAkka("", null);
    }

    private void Look()
    {
        var state = _cluster.State;
        var own = Formations.Of(state, _cluster.SelfUniqueAddress);
        if (own is not null)
        {
            _hasJoined = true;
        }

        if (_remoting.Handshake is null)
        {
            return;
        }

        if (own != _remoting.Cluster || !_hasSpoken)
        {
            _hasSpoken = true;
            _remoting.Cluster = own;
            _heartbeats?.SetAkka(_cluster.SelfAddress.ToString(), own);
        }

        var heard = _heartbeats?.Heard.Others.Where(other => other.AkkaAddress.Length > 0).Select(other => other.AkkaAddress).ToArray() ?? [];
        _everHeard.UnionWith(heard);
        var known = _seeds.Concat(heard.Select(HostPort).OfType<string>()).Where(asked => !_ownNames.Contains(asked)).ToHashSet();
        if (_hasJoined)
        {
            var reachable = state.Members.Except(state.Unreachable).Select(member => HostPort(member.Address)).ToHashSet();
            Ask(known.Concat(state.Unreachable.Select(member => HostPort(member.Address))).Where(asked => !reachable.Contains(asked)));
            Down(state, heard);
        }
        else
        {
            Ask(known);
            Take(_joining.Decide(known, Now));
        }
    }

    private void Take(JoinStep? step)
    {
        switch (step)
        {
            case JoinStep.Found found:
                _log.Info("cluster: making one: {0}", found.Reason);
                _cluster.Join(_cluster.SelfAddress);
                break;
            case JoinStep.Join join:
                var addresses = join.Addresses.Select(Address.Parse).ToArray();
                _log.Info("cluster: joining that of {0}", string.Join(", ", addresses.Select(address => HostPort(address))));
                _cluster.JoinSeedNodes(addresses);
                break;
        }
    }

    private void Down(ClusterEvent.CurrentClusterState state, string[] heard)
    {
        var self = _cluster.SelfMember;
        var now = Now;
        var unreachable = state.Unreachable.Where(member => member.Status != MemberStatus.Down && member.UniqueAddress != _cluster.SelfUniqueAddress).ToDictionary(member => member.UniqueAddress.ToString()!);
        var peers = unreachable.Select(member =>
        {
            var address = member.Value.Address.ToString();
            var standing = heard.Contains(address) ? HeartbeatStanding.Alive : _everHeard.Contains(address) ? HeartbeatStanding.Dead : HeartbeatStanding.Unknown;
            var answers = _answered.TryGetValue(address, out var at) && now - at <= AnswersFor;
            return new UnreachablePeer(member.Key, standing, answers, member.Value.IsOlderThan(self));
        }).ToArray();
        foreach (var verdict in _downing.Decide(peers, now))
        {
            var address = unreachable[verdict.Node].Address;
            if (verdict.IsOwn)
            {
                _restart($"{HostPort(address)}: {verdict.Reason}");
                return;
            }

            _log.Warning("cluster: {0} is given up: {1}", HostPort(address), verdict.Reason);
            _cluster.Down(address);
        }
    }

    private void Heard(DirectorAnswer answer)
    {
        _remoting.Complaints?.Forget(answer.Asked);
        if (answer.Address == _cluster.SelfAddress.ToString())
        {
            _ownNames.Add(answer.Asked);
            return;
        }

        _answered[answer.Address] = Now;
        _joining.Heard(answer, Now);
        if (_remoting.Cluster is { } own && _meeting.GivesUp(answer, own, Now))
        {
            _restart($"{answer.Asked} is in an older cluster, which this director joins");
        }
    }

    /// <summary>A member has given this director up, and never again takes messages of this actor system. The older of the two stays; the younger learns of that by <see cref="Meeting"/>.</summary>
    private void Refused(ThisActorSystemQuarantinedEvent quarantined)
    {
        if (_cluster.State.Members.FirstOrDefault(member => member.Address == quarantined.RemoteAddress) is { } member && member.IsOlderThan(_cluster.SelfMember))
        {
            _restart($"{HostPort(quarantined.RemoteAddress)} has given this director up");
        }
    }

    private void Ask(IEnumerable<string> directors)
    {
        foreach (var asked in directors)
        {
            if (!_nextAsk.TryGetValue(asked, out var next) || Now >= next)
            {
                // Not again before this one is over.
                _nextAsk[asked] = TimeSpan.MaxValue;
                AskOne(asked).PipeTo(Self);
            }
        }
    }

    private async Task<Asked> AskOne(string asked)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(_stopped.Token);
        patience.CancelAfter(AskPatience);
        try
        {
            var colon = asked.LastIndexOf(':');
            var (stream, welcome) = await _remoting.Handshake!.Call(
                asked[..colon].Trim('[', ']'), int.Parse(asked[(colon + 1)..], System.Globalization.CultureInfo.InvariantCulture), Purpose.Question, patience.Token).ConfigureAwait(false);
            await stream.DisposeAsync().ConfigureAwait(false);
            return Address.TryParse(welcome.Address, out _)
                ? new(asked, new(asked, welcome.Address, Identity(welcome)), "")
                : new(asked, null, $"{asked} does not say where it is: run the same build on all directors");
        }
        catch (PeerException refused)
        {
            return new(asked, null, refused.Message);
        }
        catch (OperationCanceledException)
        {
            return new(asked, null, $"{asked} did not answer within {AskPatience.TotalSeconds} s: see that it runs and that no firewall is between");
        }
    }

    private void Tell(ClusterEvent.IClusterDomainEvent happened)
    {
        switch (happened)
        {
            case ClusterEvent.MemberUp up:
                _log.Info("cluster: {0} is in", Name(up.Member));
                break;
            case ClusterEvent.MemberRemoved removed:
                _log.Info("cluster: {0} is out", Name(removed.Member));
                break;
            case ClusterEvent.UnreachableMember lost:
                _log.Warning("cluster: {0} is unreachable", Name(lost.Member));
                break;
            case ClusterEvent.ReachableMember back:
                _log.Info("cluster: {0} is reachable again", Name(back.Member));
                break;
        }
    }

    private string Name(Member member) => member.UniqueAddress == _cluster.SelfUniqueAddress ? "this director" : HostPort(member.Address);

    private static string HostPort(Address address) => $"{address.Host}:{address.Port}";

    private static string? HostPort(string akkaAddress) => Address.TryParse(akkaAddress, out var address) && address.Port is not null ? HostPort(address) : null;

    private static ClusterIdentity? Identity(Welcome welcome) => welcome.Formation.Length == 16
        ? new(new Guid(welcome.Formation.Span, bigEndian: true), DateTimeOffset.FromUnixTimeMilliseconds(Math.Clamp(welcome.Formed, 0, DateTimeOffset.MaxValue.ToUnixTimeMilliseconds())))
        : null;

    private sealed record Asked(string Who, DirectorAnswer? Answer, string Why);

    private sealed class Tick
    {
        public static readonly Tick Instance = new();
    }
}
