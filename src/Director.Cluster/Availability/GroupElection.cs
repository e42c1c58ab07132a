using Director.Configuration;

namespace Director.Cluster.Availability;

/// <summary>
/// Decides one group for this director: a state machine over <see cref="GroupRole"/>.
/// </summary>
/// <remarks>
/// The rules that keep two directors from answering at once, as long as fewer heartbeats in a row are lost than <c>deadtime</c> allows: nobody takes a group that a living director says it has;
/// when nobody has it, the best of the living takes it, and each counts itself as the worst that it said of itself lately (<see cref="SelfFacts"/>); a director that hands over names one successor
/// and has stopped answering before it does; and it goes on saying who has the group until all must have heard that from the successor itself.
/// </remarks>
internal sealed class GroupElection(ElectionGroup settings)
{
    private readonly List<string> _refused = [];
    private readonly List<string> _company = [];
    private readonly List<string> _absent = [];
    private string? _lastHolder;
    private string? _better;
    private long _betterSince;
    private string? _rival;
    private long _lastContest = long.MinValue / 2;

    /// <summary>The group.</summary>
    public string Name => Settings.Name;

    /// <summary>The group as it is configured now.</summary>
    public ElectionGroup Settings { get; set; } = settings;

    /// <summary>What this director does for it.</summary>
    public GroupState State { get; private set; }

    /// <summary>Since when, in milliseconds.</summary>
    public long Since { get; private set; }

    /// <summary>Why.</summary>
    public string Reason { get; private set; } = "this director has just started";

    /// <summary>Whether the operator wants another director to have it.</summary>
    public bool IsToBeHandedOver { get; set; }

    /// <summary>Whether this director has no part of the clients left in it: in active-active mode a director that stops waits for that.</summary>
    public bool IsEmpty { get; set; }

    /// <summary>Gives up whatever it has, at once.</summary>
    public void Drop(List<ElectionOutput> outputs, long now, string reason)
    {
        if (State.Role != GroupRole.Waits)
            Release(now, reason, outputs);
    }

    /// <summary>Somebody who is no director that is heard announced one of the addresses.</summary>
    public void Contested(string announcement, long now, List<ElectionOutput> outputs)
    {
        // Once a second: two hosts that answer each other's announcements must not fill the network.
        if (State.Role != GroupRole.Holds || now - _lastContest < 1000)
            return;
        _lastContest = now;
        outputs.Add(new ElectionOutput.Alert(Name, announcement));
        outputs.Add(new ElectionOutput.AnnounceAgain(Name, announcement));
    }

    /// <summary>Decides.</summary>
    public void Decide(in ElectionView view, List<ElectionOutput> outputs)
    {
        if (view.Settings.Mode == AvailabilityMode.ActiveActive)
            DecideShared(view, outputs);
        else if (State.Role == GroupRole.Holds)
            Hold(view, outputs);
        else if (State.Role == GroupRole.HandsOver)
            AwaitSuccessor(view, outputs);
        else
            Wait(view, outputs);
    }

    /// <summary>All directors hold the group and share its clients.</summary>
    private void DecideShared(in ElectionView view, List<ElectionOutput> outputs)
    {
        switch (State.Role)
        {
            case GroupRole.Holds when view.IsStopping:
                Become(GroupRole.HandsOver, null, view.Now, "this director stops");
                outputs.Add(new ElectionOutput.HandOver(Name, "all others", Reason));
                break;
            case GroupRole.HandsOver when IsEmpty || view.Others.Count == 0 || view.Now - Since >= 4 * view.Settings.Deadtime:
                Release(view.Now, Reason, outputs);
                break;
            case GroupRole.Holds when !view.Self.IsEligible:
                Release(view.Now, "this director reaches none of its ping nodes", outputs);
                break;
            case GroupRole.Waits or GroupRole.Leaves when view.Self.IsEligible && MayJoin(view):
                Take(view, "this director takes part", outputs);
                break;
        }

        IsToBeHandedOver = false;
    }

    private bool MayJoin(in ElectionView view)
    {
        if (view.Self.IsSynchronised || view.ReadyFor >= view.Settings.JoinWait)
            return true;
        foreach (var other in view.Others)
        {
            if (other.IsEligible && other.IsSynchronised)
                return false;
        }

        return true;
    }

    private void Hold(in ElectionView view, List<ElectionOutput> outputs)
    {
        if (Rival(view) is { } rival)
        {
            Settle(view, rival, outputs);
            return;
        }

        if (_rival is { } gone)
        {
            _rival = null;
            outputs.Add(new ElectionOutput.AnnounceAgain(Name, $"{gone} no longer has it"));
        }

        WelcomeBack(view, outputs);
        if (view.IsStopping)
        {
            if (!TryHandOver(view, "this director stops", outputs))
                Release(view.Now, "this director stops, and no other can take it", outputs);
        }
        else if (!view.Self.IsEligible && view.Others.Count == 0)
        {
            Release(view.Now, "this director reaches none of its ping nodes", outputs);
        }
        else if (IsToBeHandedOver)
        {
            IsToBeHandedOver = false;
            if (!TryHandOver(view, "the operator wants it", outputs))
                outputs.Add(new ElectionOutput.Alert(Name, "it cannot be handed over: no other director can take it"));
        }
        else
        {
            GiveUpToBetter(view, outputs);
        }
    }

    /// <summary>Who was not heard for a while may have had the group meanwhile, and given it up before it was heard again: the network is to know whose it is.</summary>
    private void WelcomeBack(in ElectionView view, List<ElectionOutput> outputs)
    {
        foreach (var name in _company)
        {
            if (Find(view, name) is null && !_absent.Contains(name))
                _absent.Add(name);
        }

        _company.Clear();
        foreach (var other in view.Others)
        {
            _company.Add(other.Name);
            if (_absent.Remove(other.Name))
                outputs.Add(new ElectionOutput.AnnounceAgain(Name, $"{other.Name} is heard again and may have had it"));
        }
    }

    /// <summary>Hands over to a director that has been the better one for long enough.</summary>
    private void GiveUpToBetter(in ElectionView view, List<ElectionOutput> outputs)
    {
        var better = Better(view, out var why);
        if (better != _better)
        {
            _better = better;
            _betterSince = view.Now;
        }

        if (better is not null && view.Now - _betterSince >= view.Settings.HoldOff)
        {
            _better = null;
            TryHandOver(view, why, outputs);
        }
    }

    private string? Better(in ElectionView view, out string why)
    {
        why = "";
        if (Best(view) is not { } best)
            return null;
        var self = Current(view);
        var rank = ElectionRank.Of(best, Settings);
        if (view.Self.IsSynchronised && !best.IsSynchronised && view.Self.IsEligible)
            return null;
        if (rank.PingNodesReached > self.PingNodesReached)
            why = $"{best.Name} reaches {best.PingNodesReached} ping nodes, this director {self.PingNodesReached}";
        else if (!view.Settings.NiceFailback && rank.PingNodesReached == self.PingNodesReached && rank.ComparePreference(self) > 0)
            why = rank.IsPreferred ? $"{best.Name} is preferred" : $"{best.Name} has the higher priority, {best.Priority}";
        else
            return null;
        return best.Name;
    }

    /// <summary>Two directors have the group: a split has healed, or heartbeats were lost for too long.</summary>
    private void Settle(in ElectionView view, HeardDirector rival, List<ElectionOutput> outputs)
    {
        if (_rival != rival.Name)
        {
            _rival = rival.Name;
            outputs.Add(new ElectionOutput.Alert(Name, $"{rival.Name} has it too: they did not hear each other"));
        }

        if (ElectionRank.Of(rival, Settings).CompareTo(Current(view)) > 0)
        {
            _rival = null;
            Leave(view, rival.Name, $"{rival.Name} has it too and comes first", outputs);
        }
        else if (view.Now - _lastContest >= 1000)
        {
            _lastContest = view.Now;
            outputs.Add(new ElectionOutput.AnnounceAgain(Name, $"{rival.Name} has it too and gives it up"));
        }
    }

    private void AwaitSuccessor(in ElectionView view, List<ElectionOutput> outputs)
    {
        if (Rival(view) is { } holder)
        {
            _refused.Clear();
            Leave(view, holder.Name, Reason, outputs);
            return;
        }

        var successor = Find(view, State.Successor);
        if (successor is { IsEligible: true, IsStopping: false } && view.Now - Since < 2 * view.Settings.Deadtime)
            return;
        var reason = Reason;
        _refused.Add(State.Successor!);
        if (TryHandOver(view, reason, outputs))
            return;
        var failed = string.Join(" and ", _refused);
        _refused.Clear();
        if (view.IsStopping)
        {
            Release(view.Now, $"{reason}, and {failed} did not take it", outputs);
            return;
        }

        outputs.Add(new ElectionOutput.Alert(Name, $"{failed} did not take it"));
        Take(view, $"{failed} did not take it", outputs);
    }

    private void Wait(in ElectionView view, List<ElectionOutput> outputs)
    {
        IsToBeHandedOver = false;
        if (Owner(view, out var offeredBy) is { } owner)
        {
            _lastHolder = owner;
            if (State.Role == GroupRole.Leaves && view.Now - Since >= view.Settings.Deadtime)
                Release(view.Now, Reason, outputs);
            return;
        }

        if (offeredBy is not null && view.Self.IsEligible)
        {
            Take(view, $"{offeredBy} hands it over", outputs);
        }
        else if (IsBest(view))
        {
            Take(view, WhyFree(view), outputs);
        }
        else if (State.Role == GroupRole.Leaves && view.Now - Since >= view.Settings.Deadtime)
        {
            Release(view.Now, Reason, outputs);
        }
    }

    /// <summary>Who has the group, by what the living say. Null when nobody has, or when who has hands it over to this director.</summary>
    private string? Owner(in ElectionView view, out string? offeredBy)
    {
        offeredBy = null;
        string? owner = null;
        foreach (var other in view.Others)
        {
            if (!other.Groups.TryGetValue(Name, out var state))
                continue;
            if (state.Role == GroupRole.Holds)
                return other.Name;
            if (state.Role == GroupRole.HandsOver && state.Successor == view.Settings.Name)
                offeredBy = other.Name;
            else if (state.Role == GroupRole.HandsOver)
                owner = other.Name;
            else if (state.Role == GroupRole.Leaves && state.Successor != view.Settings.Name && Find(view, state.Successor) is { } successor)
                owner = successor.Name;
        }

        return offeredBy is null ? owner : null;
    }

    private bool IsBest(in ElectionView view)
    {
        if (view.Others.Count == 0)
            return view.Self.IsEligible;
        if (!view.Self.WasEligible(view.Now))
            return false;
        var self = Current(view) with { IsSynchronised = view.Self.WasSynchronised(view.Now), PingNodesReached = view.Self.LeastReached() };
        return Best(view) is not { } best || self.CompareTo(ElectionRank.Of(best, Settings)) > 0;
    }

    private string WhyFree(in ElectionView view)
    {
        if (_lastHolder is null)
            return view.Others.Count == 0 ? $"no other director was heard for {view.Settings.Initdead} ms" : "no director has it, and this one comes first";
        return view.WhyGone(_lastHolder) is { } gone ? $"{_lastHolder}, which had it, {gone}" : $"{_lastHolder} no longer has it, and this director comes first";
    }

    private bool TryHandOver(in ElectionView view, string reason, List<ElectionOutput> outputs)
    {
        if (Best(view) is not { } best)
            return false;
        Become(GroupRole.HandsOver, best.Name, view.Now, reason);
        outputs.Add(new ElectionOutput.HandOver(Name, best.Name, reason));
        return true;
    }

    /// <summary>The best of the others that can take the group and have not let it pass; null when there is none.</summary>
    private HeardDirector? Best(in ElectionView view)
    {
        HeardDirector? best = null;
        foreach (var other in view.Others)
        {
            if (other is { IsEligible: true, IsStopping: false } && other.Groups.ContainsKey(Name) && !_refused.Contains(other.Name)
                && (best is null || ElectionRank.Of(other, Settings).CompareTo(ElectionRank.Of(best, Settings)) > 0))
            {
                best = other;
            }
        }

        return best;
    }

    /// <summary>The best of the others that say they hold the group; null when none does.</summary>
    private HeardDirector? Rival(in ElectionView view)
    {
        HeardDirector? rival = null;
        foreach (var other in view.Others)
        {
            if (other.Groups.TryGetValue(Name, out var state) && state.Role == GroupRole.Holds
                && (rival is null || ElectionRank.Of(other, Settings).CompareTo(ElectionRank.Of(rival, Settings)) > 0))
            {
                rival = other;
            }
        }

        return rival;
    }

    private static HeardDirector? Find(in ElectionView view, string? name)
    {
        foreach (var other in view.Others)
        {
            if (other.Name == name)
                return other;
        }

        return null;
    }

    private ElectionRank Current(in ElectionView view) => new(
        view.Self.IsEligible, view.Self.IsSynchronised, view.Self.PingNodesReached,
        view.Settings.Name == Settings.Preferred, view.Settings.Priority, view.Settings.Started, view.Settings.Name);

    private void Take(in ElectionView view, string reason, List<ElectionOutput> outputs)
    {
        _better = null;
        _rival = null;
        _company.Clear();
        foreach (var other in view.Others)
            _company.Add(other.Name);
        _absent.Clear();
        if (_lastHolder is not null && Find(view, _lastHolder) is null)
            _absent.Add(_lastHolder);
        Become(GroupRole.Holds, null, view.Now, reason);
        outputs.Add(new ElectionOutput.Take(Name, reason));
    }

    private void Leave(in ElectionView view, string successor, string reason, List<ElectionOutput> outputs)
    {
        _lastHolder = successor;
        Become(GroupRole.Leaves, successor, view.Now, reason);
        outputs.Add(new ElectionOutput.Leave(Name, reason));
    }

    private void Release(long now, string reason, List<ElectionOutput> outputs)
    {
        _refused.Clear();
        Become(GroupRole.Waits, null, now, reason);
        outputs.Add(new ElectionOutput.Release(Name, reason));
    }

    private void Become(GroupRole role, string? successor, long now, string reason)
    {
        State = new GroupState(role, successor);
        Since = now;
        Reason = reason;
    }
}
