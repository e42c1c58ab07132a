using System.Collections.Immutable;
using Director.Configuration;

namespace Director.Cluster.Availability;

/// <summary>
/// Decides which groups this director holds. Pure: what it hears of others, of itself and of its operator goes in with the time, what is to be done comes out. Each group is decided by itself
/// (<see cref="GroupElection"/>); this class knows what they have in common.
/// </summary>
internal sealed class Election
{
    private readonly long _started;
    private readonly List<GroupElection> _groups;
    private ElectionSettings _settings;
    private readonly SelfFacts _self;
    private bool _isListening;
    private long _listensUntil;

    /// <param name="settings">What to go by.</param>
    /// <param name="now">Milliseconds; <c>initdead</c> begins.</param>
    public Election(ElectionSettings settings, long now)
    {
        _settings = settings;
        _started = now;
        _self = new SelfFacts { Window = 2 * settings.Deadtime };
        _groups = [.. settings.Groups.Select(group => new GroupElection(group))];
    }

    /// <summary>Whether this director may hold groups, as its heartbeats say.</summary>
    public bool IsEligible => _self.IsEligible;

    /// <summary>Whether it is handing everything over, to end.</summary>
    public bool IsStopping { get; private set; }

    /// <summary>Whether it is to end and has nothing any more.</summary>
    public bool HasStopped => IsStopping && _groups.TrueForAll(group => group.State.Role == GroupRole.Waits);

    /// <summary>Whether it stood still and has not heard everybody since: what it holds is to be touched by nobody.</summary>
    public bool IsListening => _isListening;

    /// <summary>What this director does for each group, and since when and why.</summary>
    public IReadOnlyList<GroupElection> Groups => _groups;

    /// <summary>Goes by other settings from now on. A group that both have stays as it is.</summary>
    public void Change(ElectionSettings settings, List<ElectionOutput> outputs, long now)
    {
        _settings = settings;
        _self.Window = 2 * settings.Deadtime;
        foreach (var gone in _groups.Where(group => !settings.Groups.Any(kept => kept.Name == group.Name)).ToArray())
        {
            gone.Drop(outputs, now, "the group is no longer configured");
            _groups.Remove(gone);
        }

        foreach (var group in settings.Groups)
        {
            if (_groups.Find(known => known.Name == group.Name) is { } known)
                known.Settings = group;
            else
                _groups.Add(new GroupElection(group));
        }
    }

    /// <summary>Hands groups over to the best of the others, and keeps them when there is none.</summary>
    /// <param name="group">Which one; null is all.</param>
    public void HandOver(string? group)
    {
        foreach (var one in _groups)
        {
            if (group is null || one.Name == group)
                one.IsToBeHandedOver = true;
        }
    }

    /// <summary>Hands everything over, to end.</summary>
    public void Stop() => IsStopping = true;

    /// <summary>This director has not run for a while: what it held may be another's.</summary>
    /// <param name="now">Milliseconds.</param>
    /// <param name="gap">For how long it has not run.</param>
    /// <param name="outputs">What to do.</param>
    public void StoodStill(long now, long gap, List<ElectionOutput> outputs)
    {
        _isListening = true;
        _listensUntil = now + _settings.Keepalive;
        foreach (var group in _groups)
            group.Drop(outputs, now, $"this director stood still for {gap} ms; it listens before it takes anything");
    }

    /// <summary>Somebody who is no director that is heard announced an address of a group that is held.</summary>
    public void Contested(string group, string announcement, long now, List<ElectionOutput> outputs) => _groups.Find(one => one.Name == group)?.Contested(announcement, now, outputs);

    /// <summary>Decides.</summary>
    /// <param name="now">Milliseconds.</param>
    /// <param name="others">Who is alive.</param>
    /// <param name="hasHeardAll">Whether each of them was heard since this director last stood still.</param>
    /// <param name="whyGone">Why a director that was heard before is not heard any more, if it is not.</param>
    /// <param name="isSynchronised">Whether this director has the connections of the others.</param>
    /// <param name="pingNodesReached">How many ping nodes answer it.</param>
    /// <param name="outputs">What to do.</param>
    public void Decide(
        long now, IReadOnlyList<HeardDirector> others, bool hasHeardAll, Func<string, string?> whyGone, bool isSynchronised, int pingNodesReached, List<ElectionOutput> outputs)
    {
        if (_isListening && now >= _listensUntil && hasHeardAll)
            _isListening = false;
        var isReady = now - _started >= _settings.Initdead;
        _self.Update(now, isReady && !_isListening && !IsStopping && MayHold(others, pingNodesReached), isSynchronised, pingNodesReached);
        if (_isListening)
            return;

        var view = new ElectionView(now, _settings, _self, others, whyGone, IsStopping, isReady, now - _started - _settings.Initdead);
        foreach (var group in _groups)
            group.Decide(view, outputs);
    }

    /// <summary>
    /// Who reaches no ping node is cut off and holds nothing. Unless the others reach none either: then it is the ping nodes that are gone, and giving up would end a service that works.
    /// </summary>
    private bool MayHold(IReadOnlyList<HeardDirector> others, int pingNodesReached)
    {
        if (_settings.PingNodes == 0 || pingNodesReached > 0)
            return true;
        foreach (var other in others)
        {
            if (other.PingNodesReached > 0 || other.PingNodes == 0)
                return false;
        }

        return others.Count > 0;
    }
}
