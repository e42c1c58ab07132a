using Director.Forwarding.Synchronisation.Ipvs;
using Director.Forwarding.Tests.Packets;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation.Ipvs;

/// <summary>What real kernels told each other: read as their backup read it, and told by us of the same packets, byte for byte.</summary>
public sealed class IpvsCaptureTests
{
    private const string First = "10.1.0.11";
    private const string Second = "10.1.0.12";

    [Theory]
    [InlineData("sync", 1)]
    [InlineData("sync-v0", 0)]
    public void The_datagrams_are_the_connections_that_the_kernels_backup_had(string name, int version)
    {
        using var backup = new KernelsPair();
        var datagrams = SyncCapture.Datagrams(name);
        foreach (var datagram in datagrams[..^1])
            backup.Take(datagram);
        Assert.Equal(SyncCapture.BackupConnections(name, isAtTheEnd: false), backup.Connections());
        var left = backup.SecondsLeft();
        Assert.Equal((900, 120, 300, version == 1 ? 300 : 180), (left[30000], left[30200], left[30400], left[0]));

        backup.Take(datagrams[^1]);
        Assert.Equal(SyncCapture.BackupConnections(name, isAtTheEnd: true), backup.Connections());
        Assert.Equal(120, backup.SecondsLeft()[30000]);
        Assert.All(Enum.GetValues<IpvsFault>(), fault => Assert.Equal(0, backup.Counters[fault]));
    }

    [Theory]
    [InlineData("sync", 1)]
    [InlineData("sync-v0", 0)]
    public void What_was_read_is_written_as_it_was(string name, int version)
    {
        var batch = new IpvsBatch(version, 51, 1472);
        foreach (var datagram in SyncCapture.Datagrams(name))
        {
            Assert.Equal(IpvsFault.None, IpvsDatagram.TryOpen(datagram, out var opened));
            Assert.Equal((version, (byte)51), (opened.Version, opened.SyncId));
            while (opened.TryNext(out var entry, out var fault))
            {
                Assert.Equal(IpvsFault.None, fault);
                Assert.True(batch.TryAdd(entry, opened.Options, 0));
            }

            Assert.Equal(Convert.ToHexString(datagram), Convert.ToHexString(batch.Finish()));
            batch.Clear();
        }
    }

    [Fact]
    public void The_same_packets_bring_the_datagrams_that_the_kernel_sent()
    {
        using var master = new KernelsPair(new IpvsSendingOptions());
        OpenAndCloseSome(master);
        master.Open(30300, Second, 8, virtualPort: 8080);
        OpenPersistentAndClose(master, 30301);
        OpenPersistentAndClose(master, 30302);
        master.FromClient(30400, 8080, datagrams: 6);

        // A client that keeps its connection alive, once a second or so, and then all close.
        master.More(30300, 6 + 7 + 5 + 6 + 1, virtualPort: 8080);
        foreach (var (port, real) in Held)
            master.Close(port, real);
        master.Close(30300, Second, virtualPort: 8080);
        AssertSame("sync", version: 1, master.TakeTold());
    }

    [Fact]
    public void The_same_packets_bring_the_datagrams_that_the_kernel_sent_in_version_0()
    {
        using var master = new KernelsPair(new IpvsSendingOptions { Version = 0 });
        OpenAndCloseSome(master);
        master.Open(30300, Second, 8, virtualPort: 8080);
        OpenPersistentAndClose(master, 30301);
        OpenPersistentAndClose(master, 30302);
        master.FromClient(30400, 8080, datagrams: 6);
        (int Port, string Real, int VirtualPort)[] all = [.. Held.Select(held => (held.Port, held.Real, 80)), (30300, Second, 8080)];
        foreach (var (port, _, virtualPort) in all)
            master.FromClient(port, virtualPort, TcpFlags.Fin | TcpFlags.Ack);
        foreach (var (port, real, virtualPort) in all)
            master.CloseReal(port, real, virtualPort);
        AssertSame("sync-v0", version: 0, master.TakeTold());
    }

    private static readonly (int Port, string Real)[] Held = [(30000, Second), (30001, First), (30002, Second), (30003, First), (30100, Second), (30101, First)];

    private static void OpenAndCloseSome(KernelsPair master)
    {
        foreach (var (port, real) in Held)
            master.Open(port, real, 8);
        foreach (var (port, real) in ((int, string)[])[(30200, Second), (30201, First), (30202, Second)])
        {
            master.Open(port, real, 8);
            master.Close(port, real);
        }
    }

    private static void OpenPersistentAndClose(KernelsPair master, int port)
    {
        master.Open(port, Second, 8, virtualPort: 8080);
        master.Close(port, Second, virtualPort: 8080);
    }

    /// <summary>When the kernel sent what it held is a matter of its clock: datagrams end where its did, but for the one that was full.</summary>
    private static void AssertSame(string name, int version, List<IpvsEntry> told)
    {
        var batch = new IpvsBatch(version, 51, 1472);
        var next = 0;
        foreach (var datagram in SyncCapture.Datagrams(name))
        {
            var count = version == 1 ? datagram[4] : datagram[0];
            Assert.True(next + count <= told.Count, $"{told.Count} entries were told of");
            for (var i = 0; i < count; i++)
                Assert.True(batch.TryAdd(told[next++], default, 0));
            if (datagram.Length > 1400)
                Assert.False(batch.TryAdd(told[next], default, 0));
            Assert.Equal(Convert.ToHexString(datagram), Convert.ToHexString(batch.Finish()));
            batch.Clear();
        }

        Assert.Equal(told.Count, next);
    }
}
