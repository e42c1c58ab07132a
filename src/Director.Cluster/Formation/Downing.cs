using System.Collections.Immutable;

namespace Director.Cluster.Formation;

/// <summary>What heartbeats say of a director.</summary>
internal enum HeartbeatStanding
{
    /// <summary>It was never heard: there is no heartbeat key, or it has none.</summary>
    Unknown,

    /// <summary>It is heard.</summary>
    Alive,

    /// <summary>It was heard and is silent.</summary>
    Dead,
}

/// <summary>A member that Akka calls unreachable.</summary>
/// <param name="Node">Its address and number, so that a director that came back is another one.</param>
/// <param name="Heartbeat">What heartbeats say of it.</param>
/// <param name="Answers">Whether it answers this director when asked over TCP.</param>
/// <param name="IsOlder">Whether it is longer in the cluster than this director.</param>
internal readonly record struct UnreachablePeer(string Node, HeartbeatStanding Heartbeat, bool Answers, bool IsOlder);

/// <summary>What is to be done about it.</summary>
/// <param name="Node">The member.</param>
/// <param name="IsOwn">This director leaves; else that member is downed.</param>
/// <param name="Reason">Why, for the operator.</param>
internal readonly record struct DowningVerdict(string Node, bool IsOwn, string Reason);

/// <summary>
/// Which unreachable members are given up. Akka's own resolvers let one side of a split end, and in a pair that is the wrong one half of the time; here both sides go on, since VIPs and traffic do not hang on Akka, and become
/// one when they meet again (<see cref="Meeting"/>). Pure: times are since any moment.
/// </summary>
internal sealed class Downing
{
    /// <summary>Dead by heartbeat too. A director that was frozen itself finds all others so for a moment.</summary>
    internal static readonly TimeSpan WhenDead = TimeSpan.FromSeconds(1);

    /// <summary>By Akka alone.</summary>
    internal static readonly TimeSpan WhenUnknown = TimeSpan.FromSeconds(5);

    /// <summary>Alive by heartbeat, but there is no way to it by TCP.</summary>
    internal static readonly TimeSpan WhenCutOff = TimeSpan.FromSeconds(10);

    /// <summary>Alive, and it answers: only its actors are lost, or it is others that cannot reach it.</summary>
    internal static readonly TimeSpan WhenAnswering = TimeSpan.FromSeconds(30);

    /// <summary>Not asked for this long, this director was frozen itself: what it knew counts no more.</summary>
    internal static readonly TimeSpan Frozen = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, (HeartbeatStanding Heartbeat, TimeSpan Since)> _since = [];
    private TimeSpan _last = TimeSpan.MinValue;

    /// <summary>Decides; to be asked a few times a second.</summary>
    public ImmutableArray<DowningVerdict> Decide(IReadOnlyCollection<UnreachablePeer> unreachable, TimeSpan now)
    {
        if (_last != TimeSpan.MinValue && now - _last > Frozen)
        {
            _since.Clear();
        }

        _last = now;
        foreach (var node in _since.Keys.Except(unreachable.Select(peer => peer.Node)).ToArray())
        {
            _since.Remove(node);
        }

        var verdicts = ImmutableArray.CreateBuilder<DowningVerdict>();
        foreach (var peer in unreachable)
        {
            // Another standing begins anew: heartbeats that come again after a silence are a reason to wait.
            if (!_since.TryGetValue(peer.Node, out var seen) || seen.Heartbeat != peer.Heartbeat)
            {
                seen = _since[peer.Node] = (peer.Heartbeat, now);
            }

            if (now - seen.Since >= PatienceWith(peer))
            {
                verdicts.Add(Verdict(peer));
            }
        }

        return verdicts.ToImmutable();
    }

    private static TimeSpan PatienceWith(UnreachablePeer peer) => peer.Heartbeat switch
    {
        HeartbeatStanding.Dead => WhenDead,
        HeartbeatStanding.Unknown => peer.Answers ? WhenAnswering : WhenUnknown,
        _ => peer.Answers ? WhenAnswering : WhenCutOff,
    };

    private static DowningVerdict Verdict(UnreachablePeer peer) => peer switch
    {
        { Heartbeat: HeartbeatStanding.Dead } => new(peer.Node, false, "it is silent by heartbeat too"),
        { Heartbeat: HeartbeatStanding.Unknown, Answers: false } => new(peer.Node, false, $"it has been unreachable for {WhenUnknown.TotalSeconds} s"),
        { IsOlder: true } => new(peer.Node, true, "the two have lost each other, and it is the older"),
        _ => new(peer.Node, false, "the two have lost each other, and it is the younger"),
    };
}
