using System.Collections.Immutable;
using System.Net;
using System.Net.NetworkInformation;
using Director.Cluster.Availability;
using Director.Cluster.Partitioning;
using Director.Configuration;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.Partitioning;

/// <summary>Partitions between heartbeats and shares.</summary>
public sealed class PartitionsTests
{
    private readonly Heartbeats _heartbeats = new();
    private readonly Clock _clock = new();
    private readonly List<string> _lines = [];

    [Fact]
    public void A_director_alone_has_the_whole_of_each_group_and_the_gateway()
    {
        using var partitions = Start(PartitionedGroup.From("www", new() { Sense = PartitionSense.SourcePort }, "one"), PartitionedGroup.From("dns", new(), "one"));
        var share = partitions.ShareOf("www")!;
        Assert.DoesNotContain(false, share.Blocks);
        Assert.Equal((BlockSense.SourcePort, true, false), (share.Sense, share.IsGatewayOwner, share.KeepsOwnConnections));
        Assert.Equal(BlockSense.Source, partitions.ShareOf("dns")!.Sense);
        Assert.Null(partitions.ShareOf("other"));
        Assert.Contains("partition of group 'www', epoch 1: 512 of 512 blocks are this director's (self 512)", _lines);
    }

    [Fact]
    public void What_others_report_decides_group_by_group_and_is_told_only_when_it_changes()
    {
        using var partitions = Start(PartitionedGroup.From("www", new(), "one"), PartitionedGroup.From("dns", new(), "one"));
        var changes = 0;
        partitions.Changed += () => changes++;
        var map = new PartitionMap(7, [.. Enumerable.Range(0, 512).Select(block => block < 200 ? "self" : "peer")]);
        _heartbeats.Hear(Peer(new PartitionReport("www", 100, true, map, 7)));
        Assert.Equal(map.Owners.Count(owner => owner == "self") + 56, partitions.ShareOf("www")!.Blocks.Count(isMine => isMine));
        Assert.Equal((8, 1), (partitions.MapOf("www")!.Epoch, partitions.MapOf("dns")!.Epoch));
        Assert.Equal((1, 512), (changes, partitions.ShareOf("dns")!.Blocks.Count(isMine => isMine)));

        var sent = _heartbeats.Sent;
        _heartbeats.Hear(Peer(new PartitionReport("www", 100, true, map, 7)));
        _clock.Step();
        Assert.Equal((1, sent), (changes, _heartbeats.Sent));
        Assert.True(PartitionReport.TryDecode(_heartbeats.Payloads[Partitions.FirstPayload + 1], out var told));
        Assert.Equal(("www", 8L), (told.Group, told.Map.Epoch));
    }

    [Fact]
    public void One_that_is_not_synchronised_is_given_blocks_when_it_is_or_has_waited()
    {
        _heartbeats.SetSelf(_heartbeats.Self with { IsSynchronised = false });
        using var partitions = Start(PartitionedGroup.From("www", new() { JoinWait = TimeSpan.FromSeconds(30) }, "one"));
        Assert.False(Told().IsReady);
        _clock.Pass(29);
        Assert.False(Told().IsReady);
        _clock.Pass(1);
        Assert.True(Told().IsReady);
        _heartbeats.SetSelf(_heartbeats.Self with { IsSynchronised = true });
        _heartbeats.SetSelf(_heartbeats.Self with { IsSynchronised = false });
        Assert.False(Told().IsReady);
        _heartbeats.SetSelf(_heartbeats.Self with { IsSynchronised = true });
        Assert.True(Told().IsReady);
    }

    [Fact]
    public void Without_synchronisation_each_keeps_the_connections_that_it_has_set_up()
    {
        _heartbeats.SetSelf(_heartbeats.Self with { IsSynchronised = false });
        using var partitions = new Partitions(_heartbeats, [PartitionedGroup.From("www", new(), "one")], isSynchronising: false, _clock, _lines.Add);
        Assert.True(partitions.ShareOf("www")!.KeepsOwnConnections);
        Assert.True(Told().IsReady);
    }

    [Fact]
    public void Unreadable_reports_count_for_nothing()
    {
        using var partitions = Start(PartitionedGroup.From("www", new(), "one"));
        _heartbeats.Hear(Peer() with { Payloads = ImmutableSortedDictionary<int, ImmutableArray<byte>>.Empty.Add(Partitions.FirstPayload, [1, 2, 3]) });
        Assert.DoesNotContain(false, partitions.ShareOf("www")!.Blocks);
    }

    [Fact]
    public void The_shared_MAC_follows_from_the_clusters_name_and_is_a_locally_administered_one()
    {
        var mac = PartitionedGroup.MacOf("one");
        Assert.Equal((0x02, 6), (mac.GetAddressBytes()[0], mac.GetAddressBytes().Length));
        Assert.Equal(mac, PartitionedGroup.MacOf("one"));
        Assert.NotEqual(mac, PartitionedGroup.MacOf("two"));
        var given = PhysicalAddress.Parse("03-00-5E-00-00-01");
        Assert.Equal(given, PartitionedGroup.From("www", new() { SharedMac = given }, "one").SharedMac);
    }

    [Fact]
    public void More_groups_than_heartbeats_have_room_for_are_refused() =>
        Assert.StartsWith("13 groups are active-active", Assert.Throws<ArgumentException>(() => Start([.. Enumerable.Range(0, 13).Select(i => PartitionedGroup.From($"g{i}", new(), "one"))])).Message, StringComparison.Ordinal);

    private Partitions Start(params PartitionedGroup[] groups) => new(_heartbeats, groups, isSynchronising: true, _clock, _lines.Add);

    private PartitionReport Told() => PartitionReport.TryDecode(_heartbeats.Payloads[Partitions.FirstPayload], out var report) ? report : throw new InvalidOperationException();

    private static HeardDirector Peer(params PartitionReport[] reports) => Heartbeats.Director("peer", 2) with
    {
        Hears = ["self"],
        Payloads = reports.Select((report, i) => (i, report)).ToImmutableSortedDictionary(each => Partitions.FirstPayload + 5 + each.i, each => ImmutableArray.Create(each.report.Encode())),
    };

    private sealed class Heartbeats : IHeardDirectors
    {
        public HeardDirector Self { get; set; } = Director("self", 1);

        public HeardDirectors Heard { get; private set; } = null!;

        public Dictionary<int, byte[]> Payloads { get; } = [];

        public int Sent { get; private set; }

        public event Action<HeardDirectors>? Changed;

        public Heartbeats() => Heard = new HeardDirectors(Self, []);

        public static HeardDirector Director(string name, int started) => new()
        {
            Name = name, Boot = 1, Started = DateTimeOffset.UnixEpoch.AddSeconds(started), Mode = AvailabilityMode.ActiveActive, IsEligible = true, IsSynchronised = true,
        };

        public void Hear(params HeardDirector[] others)
        {
            Heard = new HeardDirectors(Self, [.. others]);
            Changed?.Invoke(Heard);
        }

        public void SetSelf(HeardDirector self)
        {
            Self = self;
            Hear([.. Heard.Others]);
        }

        public void SetPayload(int number, ReadOnlySpan<byte> bytes)
        {
            Payloads[number] = bytes.ToArray();
            Sent++;
        }

        public void SetAkka(string address, ClusterIdentity? cluster)
        {
        }

        public void SetSynchronisation(IPEndPoint? address)
        {
        }
    }

    private sealed class Clock : TimeProvider
    {
        private long _now;
        private Action _step = () => { };

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => _now;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            _step = () => callback(state);
            return new Handle();
        }

        public void Step() => _step();

        public void Pass(int seconds)
        {
            _now += seconds;
            Step();
        }

        private sealed class Handle : ITimer
        {
            public bool Change(TimeSpan dueTime, TimeSpan period) => true;

            public void Dispose()
            {
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }
}
