using System.Diagnostics;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using PacketDotNet;
using SharpPcap;
using SharpPcap.LibPcap;
using Xunit;

namespace Compat.Tests.SharpPcap;

/// <summary>On a veth pair in a network namespace that lives as long as the test's thread.</summary>
public sealed partial class LiveDeviceTests
{
    [SkippableTheory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_frame_that_one_device_sends_is_read_from_the_other(bool immediate) => RunWithVeth(() =>
    {
        using var left = Open("left", new DeviceConfiguration { ReadTimeout = 1, Immediate = immediate, BufferSize = 4 << 20 });
        using var right = Open("right", new DeviceConfiguration { ReadTimeout = 1, Immediate = immediate, BufferSize = 4 << 20 });
        Assert.Equal(("left", LinkLayers.Ethernet, true), (left.Name, left.LinkType, left.Opened));
        Assert.False(right.NonBlockingMode);
        right.NonBlockingMode = true;
        Assert.True(right.NonBlockingMode);
        right.Filter = "ether proto 0x88b5";
        Assert.Equal(GetPacketStatus.ReadTimeout, right.GetNextPacket(out _));

        left.SendPacket(Frame(1));

        Assert.Equal(Frame(1), Next(right));
        right.Close();
        Assert.False(right.Opened);
    });

    [SkippableFact]
    public void A_long_frame_is_cut_off_at_the_snapshot_length() => RunWithVeth(() =>
    {
        using var left = Open("left", new DeviceConfiguration());
        using var right = Open("right", new DeviceConfiguration { Snaplen = 20, Immediate = true, ReadTimeout = 1 });
        right.NonBlockingMode = true;
        right.Filter = "ether proto 0x88b5";

        left.SendPacket(Frame(1));

        Assert.Equal(Frame(1)[..20], Next(right));
    });

    [SkippableFact]
    public void A_device_that_is_not_open_refuses() => RunWithVeth(() =>
    {
        using var left = Find("left");
        Assert.Throws<DeviceNotReadyException>(() => left.NonBlockingMode = true);
        Assert.Throws<DeviceNotReadyException>(() => left.Filter = "ip");
        Shell("ip link set left down");
        var error = Assert.ThrowsAny<PcapException>(() => left.Open(new DeviceConfiguration()));
        Assert.Equal(PcapError.InterfaceNotUp, error.Error);
    });

    [SkippableFact]
    public void Interfaces_are_listed_as_they_are_now() => RunWithVeth(() =>
    {
        Assert.Contains("left", PcapInterface.GetAllPcapInterfaces().Select(found => found.Name));
        Assert.Equal("right", LibPcapLiveDeviceList.New()["right"].Name);
        Shell("ip link delete left");
        Assert.DoesNotContain("left", PcapInterface.GetAllPcapInterfaces().Select(found => found.Name));
    });

    [Fact]
    public void The_library_says_its_version() => Assert.StartsWith("libpcap version 1.", Pcap.Version, StringComparison.Ordinal);

    private static byte[] Frame(byte seed)
    {
        var frame = new byte[60];
        frame.AsSpan().Fill(seed);
        frame.AsSpan(0, 12).Fill(2);
        (frame[12], frame[13]) = (0x88, 0xb5);
        return frame;
    }

    private static byte[] Next(LibPcapLiveDevice device)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            if (device.GetNextPacket(out var captured) == GetPacketStatus.PacketRead)
            {
                return captured.Data.ToArray();
            }

            Assert.True(watch.Elapsed < TimeSpan.FromSeconds(20), "no frame arrives");
            Thread.Sleep(1);
        }
    }

    private static LibPcapLiveDevice Open(string name, DeviceConfiguration configuration)
    {
        var device = Find(name);
        device.Open(configuration);
        return device;
    }

    private static LibPcapLiveDevice Find(string name) => new(PcapInterface.GetAllPcapInterfaces().Single(found => found.Name == name));

    private static void RunWithVeth(Action test)
    {
        Skip.IfNot(Environment.IsPrivilegedProcess, "needs root, to make a network namespace");
        ExceptionDispatchInfo? failure = null;
        var thread = new Thread(() =>
        {
            const int NewNetworkNamespace = 0x40000000;
            try
            {
                Skip.If(unshare(NewNetworkNamespace) != 0, "needs CAP_SYS_ADMIN, to make a network namespace");
                Shell("sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1");
                Shell("ip link add left type veth peer name right; ip link set left up; ip link set right up");
                test();
            }
            catch (Exception error)
            {
                failure = ExceptionDispatchInfo.Capture(error);
            }
        });
        thread.Start();
        thread.Join();
        failure?.Throw();
    }

    private static void Shell(string command)
    {
        using var process = Process.Start("/bin/sh", ["-ec", command]);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    [LibraryImport("libc")]
    private static partial int unshare(int flags);
}
