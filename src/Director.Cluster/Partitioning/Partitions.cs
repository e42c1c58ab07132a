using System.Collections.Immutable;
using Director.Cluster.Availability;
using Director.Forwarding;

namespace Director.Cluster.Partitioning;

/// <summary>
/// The partitions of this director's groups in active-active mode: follows who is heard, tells the others by heartbeats, and says which part of each group's clients is this director's. Members may be
/// called from any thread.
/// </summary>
public sealed class Partitions : IDisposable
{
    /// <summary>Groups that heartbeats have room for.</summary>
    public const int MaxGroups = 12;

    /// <summary>Payloads of heartbeats from this number on carry the reports, one a group in the order of their names.</summary>
    public const int FirstPayload = 0x5000;

    // How soon it is noticed that a joiner has waited for long enough.
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly IHeardDirectors _heartbeats;
    private readonly ImmutableArray<Group> _groups;
    private readonly bool _isSynchronising;
    private readonly TimeProvider _time;
    private readonly Action<string> _log;
    private readonly ITimer _timer;
    private long _unsynchronisedSince;
    private bool _isSynchronised;
    private bool _isDisposed;

    /// <summary>Begins.</summary>
    /// <param name="heartbeats">Who is heard.</param>
    /// <param name="groups">The groups, at most <see cref="MaxGroups"/>.</param>
    /// <param name="isSynchronising">Whether directors tell each other their connections. Without, each keeps those that it has set up.</param>
    /// <param name="time">The clock.</param>
    /// <param name="log">Takes a line for the operator; called from any thread.</param>
    /// <exception cref="ArgumentException">Too many groups.</exception>
    public Partitions(IHeardDirectors heartbeats, IEnumerable<PartitionedGroup> groups, bool isSynchronising, TimeProvider time, Action<string> log)
    {
        ArgumentNullException.ThrowIfNull(heartbeats);
        ArgumentNullException.ThrowIfNull(time);
        _heartbeats = heartbeats;
        _groups = [.. groups.OrderBy(group => group.Name, StringComparer.Ordinal).Select(group => new Group(group))];
        if (_groups.Length > MaxGroups)
            throw new ArgumentException($"{_groups.Length} groups are active-active; heartbeats have room for {MaxGroups}: put more addresses into one group", nameof(groups));
        _isSynchronising = isSynchronising;
        _time = time;
        _log = log;
        _unsynchronisedSince = time.GetTimestamp();
        heartbeats.Changed += Follow;
        _timer = time.CreateTimer(_ => Follow(), null, Step, Step);
        Follow();
    }

    private sealed class Group(PartitionedGroup settings)
    {
        public PartitionedGroup Settings => settings;

        public GroupPartition Partition { get; } = new(settings.Name, settings.Weight);

        public PartitionShare Share { get; set; } = new(settings.Sense, settings.SharedMac, [.. new bool[PartitionShare.BlockCount]]);

        public ImmutableArray<byte> Told { get; set; } = [];
    }

    /// <summary>Raised after a share or a map has changed; not under a lock.</summary>
    public event Action? Changed;

    /// <summary>The part of a group's clients that is this director's now; null for a group that is not shared.</summary>
    public PartitionShare? ShareOf(string group)
    {
        lock (_lock)
            return Find(group)?.Share;
    }

    /// <summary>Who owns each block of a group; null for a group that is not shared.</summary>
    public PartitionMap? MapOf(string group)
    {
        lock (_lock)
            return Find(group)?.Partition.Map;
    }

    /// <summary>The director that moves a group's blocks; null when there is none.</summary>
    public string? MasterOf(string group)
    {
        lock (_lock)
            return Find(group)?.Partition.Master;
    }

    /// <summary>How a group is shared as this director is configured; null for a group that is not shared.</summary>
    public PartitionedGroup? SettingsOf(string group) => Find(group)?.Settings;

    private Group? Find(string name) => _groups.FirstOrDefault(group => group.Settings.Name == name);

    private void Follow(HeardDirectors _) => Follow();

    private void Follow()
    {
        var hasChanged = false;
        lock (_lock)
        {
            if (_isDisposed)
                return;
            var heard = _heartbeats.Heard;
            FollowSynchronisation(heard.Self);
            var reports = heard.Others.ToDictionary(other => other.Name, Reports, StringComparer.Ordinal);
            foreach (var group in _groups)
                hasChanged |= Follow(group, heard, reports);
        }

        if (hasChanged)
            Changed?.Invoke();
    }

    private bool Follow(Group group, HeardDirectors heard, Dictionary<string, ImmutableArray<PartitionReport>> all)
    {
        var reports = all
            .Select(each => (each.Key, Report: each.Value.FirstOrDefault(report => report.Group == group.Settings.Name)))
            .Where(each => each.Report is not null).ToDictionary(each => each.Key, each => each.Report!, StringComparer.Ordinal);
        var before = group.Partition.Map;
        var report = group.Partition.Update(heard, reports, IsReady(group.Settings));
        Tell(group, report);
        if (!before.Equals(report.Map))
            _log(Describe(report, heard.Self.Name));
        var share = group.Share with
        {
            Blocks = group.Partition.Begun,
            Ending = group.Partition.Ending,
            IsGatewayOwner = group.Partition.Begun[0] || group.Partition.Ending[0],
            KeepsOwnConnections = !_isSynchronising,
        };
        var hasChanged = !before.Equals(report.Map) || share.IsGatewayOwner != group.Share.IsGatewayOwner || share.KeepsOwnConnections != group.Share.KeepsOwnConnections
            || !share.Blocks.SequenceEqual(group.Share.Blocks) || !share.Ending.SequenceEqual(group.Share.Ending);
        group.Share = share;
        return hasChanged;
    }

    private void Tell(Group group, PartitionReport report)
    {
        try
        {
            var bytes = report.Encode();
            if (bytes.AsSpan().SequenceEqual(group.Told.AsSpan()))
                return;
            group.Told = [.. bytes];
            _heartbeats.SetPayload(FirstPayload + _groups.IndexOf(group), bytes);
        }
        catch (InvalidOperationException error)
        {
            _log(error.Message);
        }
    }

    private static ImmutableArray<PartitionReport> Reports(HeardDirector director)
    {
        var reports = ImmutableArray.CreateBuilder<PartitionReport>();
        for (var number = FirstPayload; number < FirstPayload + MaxGroups; number++)
        {
            if (director.Payloads.TryGetValue(number, out var bytes) && PartitionReport.TryDecode(bytes.AsSpan(), out var report))
                reports.Add(report);
        }

        return reports.ToImmutable();
    }

    private void FollowSynchronisation(HeardDirector self)
    {
        if (_isSynchronised && !self.IsSynchronised)
            _unsynchronisedSince = _time.GetTimestamp();
        _isSynchronised = self.IsSynchronised;
    }

    private bool IsReady(PartitionedGroup group) => !_isSynchronising || _isSynchronised || _time.GetElapsedTime(_unsynchronisedSince) >= group.JoinWait;

    private static string Describe(PartitionReport report, string self) =>
        $"partition of group '{report.Group}', epoch {report.Map.Epoch}: {report.Map.CountOf(self)} of {PartitionShare.BlockCount} blocks are this director's"
        + $" ({string.Join(", ", report.Map.Directors.Select(name => $"{name} {report.Map.CountOf(name)}"))})";

    /// <summary>Ends; the shares stay as they are.</summary>
    public void Dispose()
    {
        _heartbeats.Changed -= Follow;
        _timer.Dispose();
        lock (_lock)
            _isDisposed = true;
    }
}
