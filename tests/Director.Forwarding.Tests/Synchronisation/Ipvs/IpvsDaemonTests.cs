using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Director.Forwarding.Links;
using Director.Forwarding.Synchronisation.Ipvs;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation.Ipvs;

/// <summary>The daemons on real sockets, each in a network namespace of its own, joined by a cable.</summary>
public sealed class IpvsDaemonTests : IDisposable
{
    private readonly NetworkNamespace _one = new();
    private readonly NetworkNamespace _other = new();
    private readonly KernelsPair _master = new();
    private readonly KernelsPair _backup = new();
    private readonly IpvsSynchronisation _here;
    private readonly IpvsSynchronisation _there;
    private readonly ConcurrentQueue<string> _log = new();

    public IpvsDaemonTests()
    {
        NetworkNamespace.Join(_one, _other, "eth2");
        _one.Run("ip address add 10.9.0.1/24 dev eth2; ip address add fd00::1/64 dev eth2 nodad");
        _other.Run("ip address add 10.9.0.2/24 dev eth2; ip address add fd00::2/64 dev eth2 nodad");
        _here = Daemons(_master);
        _there = Daemons(_backup);
    }

    [SkippableTheory]
    [InlineData("224.0.0.81", 1472)]
    [InlineData("ff02::81", 1452)]
    public void What_the_master_tells_the_backup_takes_and_the_master_does_not_hear_itself(string group, int length)
    {
        var daemon = new IpvsDaemonOptions(IpvsRole.Master) { Interface = "eth2", SyncId = 51, Group = IPAddress.Parse(group) };
        _one.Inside(() => _here.Start(daemon));
        _one.Inside(() => _here.Start(daemon with { Role = IpvsRole.Backup }));
        _other.Inside(() => _there.Start(daemon with { Role = IpvsRole.Backup, SyncId = 0 }));
        Assert.Equal([daemon with { MaximumLength = length }, daemon with { Role = IpvsRole.Backup, MaximumLength = length }], _here.Daemons);

        // More than one datagram takes: the first is full and goes at once, the rest at the end.
        for (var port = 1; port <= 50; port++)
            Assert.True(_here.Senders[0].Ring.TryWrite(KernelsPair.Entry(port)));
        TakeUntil(() => _backup.Path.Connections.Count >= length / 36);
        _here.Stop(IpvsRole.Master);
        TakeUntil(() => _backup.Path.Connections.Count == 50);
        Assert.Equal((2UL, 50UL), (Counter(_here, "ipvs-sync-sent-datagrams"), Counter(_here, "ipvs-sync-sent-entries")));
        Assert.Equal((2UL, 50UL), (Counter(_there, "ipvs-sync-received-datagrams"), Counter(_there, "ipvs-sync-received-entries")));
        Assert.Equal(0UL, Counter(_here, "ipvs-sync-received-datagrams"));
    }

    [SkippableFact]
    public void A_datagram_leaves_as_a_kernels_does()
    {
        using var raw = _other.Inside(() => new Socket(AddressFamily.InterNetwork, SocketType.Raw, ProtocolType.Udp) { ReceiveTimeout = 10_000 });
        _other.Inside(() => _there.Start(new(IpvsRole.Backup) { Interface = "eth2" }));
        _one.Inside(() => _here.Start(new(IpvsRole.Master) { Interface = "eth2", SyncId = 51, Ttl = 3 }));
        _here.Senders[0].Ring.TryWrite(KernelsPair.Entry());
        _here.Stop(IpvsRole.Master);
        var packet = new byte[2000];
        var hex = Convert.ToHexString(packet, 0, raw.Receive(packet));

        // May be fragmented, three hops, from the interface's address to the group and port; behind that one entry.
        Assert.Equal(("45000048", "000003", "0A090001E0000051"), (hex[..8], hex[12..18], hex[24..40]));
        Assert.Equal(("22900034", "0033002C0101"), (hex[44..52], hex[56..68]));
    }

    [SkippableFact]
    public void A_datagram_longer_than_the_mtu_arrives_in_fragments()
    {
        _other.Inside(() => _there.Start(new(IpvsRole.Backup) { Interface = "eth2" }));
        _one.Inside(() => _here.Start(new(IpvsRole.Master) { Interface = "eth2", MaximumLength = 8000 }));
        for (var port = 1; port <= 100; port++)
            Assert.True(_here.Senders[0].Ring.TryWrite(KernelsPair.Entry(port)));
        _here.Stop(IpvsRole.Master);
        TakeUntil(() => _backup.Path.Connections.Count == 100);
        Assert.Equal(1UL, Counter(_there, "ipvs-sync-received-datagrams"));
    }

    [SkippableFact]
    public void Another_id_and_another_port_are_not_ours()
    {
        _one.Inside(() => _here.Start(new(IpvsRole.Master) { Interface = "eth2", SyncId = 50 }));
        _other.Inside(() => _there.Start(new(IpvsRole.Backup) { Interface = "eth2", SyncId = 51 }));
        _here.Senders[0].Ring.TryWrite(KernelsPair.Entry());
        _here.Stop(IpvsRole.Master);
        NetworkNamespace.Eventually(() => Counter(_there, "drop-ipvs-sync-other-id") == 1, "the datagram is counted");
        _one.Inside(() => _here.Start(new(IpvsRole.Master) { Interface = "eth2", SyncId = 51, Port = 8849 }));
        _here.Senders[0].Ring.TryWrite(KernelsPair.Entry());
        _here.Stop(IpvsRole.Master);
        _one.Inside(() => _here.Start(new(IpvsRole.Master) { Interface = "eth2", SyncId = 51 }));
        _here.Senders[0].Ring.TryWrite(KernelsPair.Entry());
        _here.Stop(IpvsRole.Master);
        TakeUntil(() => _backup.Path.Connections.Count == 1);
        Assert.Equal(2UL, Counter(_there, "ipvs-sync-received-datagrams"));
    }

    [SkippableFact]
    public void What_cannot_be_is_told_in_ipvsadms_words()
    {
        NetworkNamespace.Join(_one, _other, "bare");
        _one.Run("ip link set eth2 mtu 9000");
        Assert.Equal("No such device", Error(() => _here.Start(new(IpvsRole.Master) { Interface = "eth7" })));
        Assert.Equal("Cannot assign requested address", Error(() => _here.Start(new(IpvsRole.Master) { Interface = "bare" })));
        Assert.Equal("No daemon is running", Error(() => _here.Stop(IpvsRole.Master)));
        Assert.Empty(_here.Daemons);
        _one.Inside(() => _here.Start(new(IpvsRole.Backup) { Interface = "eth2" }));
        Assert.Equal("Daemon has already run", Error(() => _here.Start(new(IpvsRole.Backup) { Interface = "eth2" })));
        Assert.Equal(8972, Assert.Single(_here.Daemons).MaximumLength);
        Assert.Equal(new IpvsSendingOptions(), new IpvsOptions().Sending);
    }

    [SkippableFact]
    public void An_interface_that_is_not_there_is_waited_for_and_one_that_comes_back_is_used_again()
    {
        var master = new IpvsOptions { Master = new(IpvsRole.Master) { Interface = "late" } };
        var backup = new IpvsOptions { Backup = new(IpvsRole.Backup) { Interface = "late" } };
        _one.Inside(() => _here.Change(new IpvsOptions(), master));
        _other.Inside(() => _there.Change(new IpvsOptions(), backup));
        Assert.Single(_log, line => line.StartsWith("error: synchronisation.ipvs: the master daemon cannot use interface late, tried again until it can: No such device", StringComparison.Ordinal));
        Assert.Equal("late", Assert.Single(_here.Daemons).Interface);
        for (var round = 1; round <= 2; round++)
        {
            NetworkNamespace.Join(_one, _other, "late");
            _one.Run("ip address add 10.8.0.1/24 dev late");
            _other.Run("ip address add 10.8.0.2/24 dev late");
            _one.Inside(_here.Look);
            _other.Inside(_there.Look);
            _here.Senders[0].Ring.TryWrite(KernelsPair.Entry(round));
            TakeUntil(() => _backup.Path.Connections.Count == round);
            _one.Run("ip link delete late");
            _one.Inside(_here.Look);
            _other.Inside(_there.Look);
        }

        Assert.Null(_here.Senders[0].Rule);
        _one.Inside(() => _here.Change(master, new IpvsOptions()));
        Assert.Empty(_here.Daemons);
    }

    [SkippableFact]
    public void A_change_leaves_alone_what_ipvsadm_started_and_both_files_say_the_same_of()
    {
        var options = new IpvsOptions { Backup = new(IpvsRole.Backup) { Interface = "eth2" } };
        _one.Inside(() => _here.Change(new IpvsOptions(), options));
        _here.Stop(IpvsRole.Backup);
        _one.Inside(() => _here.Start(new(IpvsRole.Master) { Interface = "eth2", SyncId = 7 }));
        _one.Inside(() => _here.Change(options, options with { Sending = new IpvsSendingOptions { Version = 0 } }));
        Assert.Equal((IpvsRole.Master, 7), (Assert.Single(_here.Daemons).Role, _here.Daemons[0].SyncId));
        Assert.Equal(0, _here.Senders[0].Rule!.Version);
        _here.Dispose();
        Assert.Throws<ObjectDisposedException>(() => _here.Start(new(IpvsRole.Master) { Interface = "eth2" }));
    }

    private IpvsSynchronisation Daemons(KernelsPair director) =>
        new(1, director.Path.Services.Destinations, director.Path.Templates, director.Path.Delivery, InterfaceList.Read, _log.Enqueue);

    private string Error(Action action) => _one.Inside(() => Assert.Throws<EngineException>(action).Message);

    private static ulong Counter(IpvsSynchronisation daemons, string name) => daemons.Counters.Single(counter => counter.Key == name).Value;

    private void TakeUntil(Func<bool> condition) => NetworkNamespace.Eventually(
        () =>
        {
            while (_backup.Path.Forwarder.HasReceived)
                _backup.Path.Forwarder.TakeReceived(_backup.Path.Now);
            return condition();
        },
        "the backup has what the master told");

    public void Dispose()
    {
        _here.Stop();
        _there.Stop();
        _one.Dispose();
        _other.Dispose();
        _master.Dispose();
        _backup.Dispose();
    }
}
