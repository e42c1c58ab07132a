using System.Collections.Immutable;
using Director.Cluster.Availability;
using Director.Configuration;
using Director.Forwarding;

namespace Director.Cluster.Partitioning;

/// <summary>
/// One group's partition as one director sees it: which map it obeys, what it decides itself, and which blocks it serves at this moment. A pure machine over who is heard and what they report.
/// <para>
/// The oldest director that all hear is the master: it alone moves blocks between living directors. Blocks of a dead one every director divides by itself, at once and alike.
/// </para>
/// <para>
/// A block changes hands between living directors in three steps: all of them obey the new map, and from then on its old owner sets up no connection in it but forwards those that it has; then the new
/// owner begins; then, when that says so, the old one ends. Both forward known connections for about the way of a heartbeat: they send the same packets to the same real server, and a packet that
/// comes twice harms less than one that is lost. But both must not set up a connection, since they would choose two real servers: so for as long nobody does, and a client's SYN may have to be repeated.
/// </para>
/// </summary>
internal sealed class GroupPartition
{
    private readonly string _group;
    private readonly int _weight;
    private readonly bool[] _begun = new bool[PartitionShare.BlockCount];
    private readonly bool[] _ending = new bool[PartitionShare.BlockCount];
    private readonly string?[] _before = new string?[PartitionShare.BlockCount];
    private long _settled;

    /// <param name="group">The group's name.</param>
    /// <param name="weight">This director's share beside the others, 0 to 1,000.</param>
    public GroupPartition(string group, int weight)
    {
        _group = group;
        _weight = weight;
        Map = PartitionMap.Empty;
    }

    /// <summary>The map in force.</summary>
    public PartitionMap Map { get; private set; }

    /// <summary>The director that moves blocks; null when there is none.</summary>
    public string? Master { get; private set; }

    /// <summary>For each block, whether this director serves it.</summary>
    public ImmutableArray<bool> Begun => [.. _begun];

    /// <summary>For each block, whether this director still forwards its known connections for the next owner.</summary>
    public ImmutableArray<bool> Ending => [.. _ending];

    /// <summary>Takes what is heard now, decides, and says what to tell the others.</summary>
    /// <param name="heard">Who is alive.</param>
    /// <param name="reports">What the others report of this group, by their names; a director without takes no part.</param>
    /// <param name="isReady">Whether this director may be given blocks.</param>
    public PartitionReport Update(HeardDirectors heard, IReadOnlyDictionary<string, PartitionReport> reports, bool isReady)
    {
        var others = heard.Others.Where(other => other.Mode == AvailabilityMode.ActiveActive && reports.ContainsKey(other.Name)).ToArray();
        foreach (var theirs in others.Select(other => reports[other.Name].Map))
        {
            if (Supersedes(theirs, heard))
                Obey(theirs);
        }

        // Who is heard by others only lives too. Who is heard and says nothing of the group counts if it owns blocks: its report may be on its way.
        var silent = heard.Others.Except(others).Select(other => other.Name).ToArray();
        var living = heard.Others.SelectMany(other => other.Hears).Concat(heard.Others.Select(other => other.Name)).Append(heard.Self.Name)
            .Except(silent.Where(name => !Map.Directors.Contains(name))).ToHashSet(StringComparer.Ordinal);
        Decide(heard, others, living, reports, isReady);
        Serve(heard.Self, others, living, reports);
        return new PartitionReport(_group, _weight, isReady, Map, _settled);
    }

    // Of the two sides of a split one gives way, and obeys the other as soon as that has a higher epoch.
    private bool Supersedes(PartitionMap theirs, HeardDirectors heard) => theirs.CompareTo(Map) > 0 && (!theirs.IsOtherSideOf(Map) || IsBetterSide(theirs, Map, heard));

    // The side that reaches ping nodes goes on, else the larger, else the one with the oldest director.
    private static bool IsBetterSide(PartitionMap one, PartitionMap other, HeardDirectors heard)
    {
        HeardDirector[] left = [.. heard.OldestFirst.Where(director => one.Directors.Contains(director.Name))], right = [.. heard.OldestFirst.Where(director => other.Directors.Contains(director.Name))];
        var byPingNodes = Reaches(left).CompareTo(Reaches(right));
        var order = byPingNodes != 0 ? byPingNodes : left.Length.CompareTo(right.Length);
        return order != 0 ? order > 0 : left.Length > 0 && left[0].CompareTo(right[0]) < 0;

        static bool Reaches(HeardDirector[] side) => side.Any(director => director.PingNodes == 0 || director.PingNodesReached > 0);
    }

    // While it lasts nothing else is decided.
    private bool IsSplit(HeardDirectors heard, HeardDirector[] others, IReadOnlyDictionary<string, PartitionReport> reports)
    {
        PartitionMap[] rivals = [.. others.Select(other => reports[other.Name].Map).Where(map => map.IsOtherSideOf(Map))];
        if (rivals.Length == 0)
            return false;
        var first = others.Append(heard.Self).Order().First(director => Map.Directors.Contains(director.Name) || ReferenceEquals(director, heard.Self));
        var highest = rivals.Max(map => map.Epoch);
        if (ReferenceEquals(first, heard.Self) && highest >= Map.Epoch && rivals.All(map => IsBetterSide(Map, map, heard)))
            Obey(new PartitionMap(highest + 1, Map.Owners) { Lost = Map.Lost });
        return true;
    }

    private void Decide(HeardDirectors heard, HeardDirector[] others, HashSet<string> living, IReadOnlyDictionary<string, PartitionReport> reports, bool isReady)
    {
        Master = null;
        var self = heard.Self.Name;
        var able = others.Append(heard.Self).Order().Where(director => director is { IsEligible: true, IsStopping: false }).Select(director => director.Name).ToArray();
        var takers = able.Select(name => name == self ? new BlockTaker(name, _weight, isReady) : new BlockTaker(name, reports[name].Weight, reports[name].IsReady)).Where(taker => taker.Weight > 0).ToArray();
        if (IsSplit(heard, others, reports) || !able.Contains(self))
            return;

        var master = Master = able.FirstOrDefault(name => IsMaster(name, self, others, living));
        var lost = Map.Directors.Except(living);
        // Without a master nobody moves a block, but each is served.
        if (master != self && lost.IsEmpty && (master is not null || !Map.Owners.Contains(null)))
            return;
        var keepers = living.Except(takers.Select(taker => taker.Name)).ToHashSet(StringComparer.Ordinal);
        if (master == self)
            keepers.ExceptWith(others.Select(other => other.Name).Append(self));
        var owners = BlockAllocation.Divide(Map.Owners, takers, keepers, mayMove: master == self);
        var allLost = Map.Lost.Union(lost).Except(owners.OfType<string>());
        if (master == self)
            allLost = allLost.Except(others.Select(other => other.Name));
        if (owners.SequenceEqual(Map.Owners) && allLost.SetEquals(Map.Lost))
            return;
        Obey(new PartitionMap(others.Select(other => reports[other.Name].Map.Epoch).Append(Map.Epoch).Max() + 1, owners) { Lost = allLost });
    }

    // The oldest that hears all others and that all others hear: of two with different views each would undo the other's maps.
    private static bool IsMaster(string name, string self, HeardDirector[] others, HashSet<string> living)
    {
        var hears = name == self ? others.Select(other => other.Name) : others.First(other => other.Name == name).Hears;
        return living.All(each => each == name || hears.Contains(each)) && others.All(other => other.Name == name || other.Hears.Contains(name));
    }

    private void Obey(PartitionMap map)
    {
        // Who had a block in between, when maps were missed, is not known.
        var isNext = map.Epoch == Map.Epoch + 1;
        for (var block = 0; block < PartitionShare.BlockCount; block++)
        {
            if (!isNext || Map.Owners[block] != map.Owners[block])
                _before[block] = isNext ? Map.Owners[block] : null;
        }

        Map = map;
    }

    private void Serve(HeardDirector self, HeardDirector[] others, HashSet<string> living, IReadOnlyDictionary<string, PartitionReport> reports)
    {
        // One that has lost its ping nodes stops at once, whatever the map says; one that hands over goes on until the map takes its blocks.
        var mayServe = self.IsEligible || self.IsStopping;
        var allObey = others.All(other => reports[other.Name].Map.CompareTo(Map) >= 0);
        var isWaiting = false;
        for (var block = 0; block < PartitionShare.BlockCount; block++)
        {
            var owner = Map.Owners[block];
            if (owner == self.Name && mayServe)
            {
                _begun[block] |= allObey || (_before[block] is { } before && (before == self.Name || !living.Contains(before)));
                isWaiting |= !_begun[block];
                _ending[block] &= !_begun[block];
                continue;
            }

            _ending[block] = mayServe && (_ending[block] || _begun[block]) && owner is not null && reports.TryGetValue(owner, out var next) && next.Settled < Map.Epoch && living.Contains(owner);
            _begun[block] = false;
        }

        if (!isWaiting)
            _settled = Map.Epoch;
    }
}
