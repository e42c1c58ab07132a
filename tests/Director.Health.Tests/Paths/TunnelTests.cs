using System.Net;
using System.Net.Sockets;
using Director.Health.Checks;
using Director.Health.Paths;
using Director.Lab;
using Director.Lab.Network;

namespace Director.Health.Tests.Paths;

[Collection("the ways of this process")]
public class TunnelTests
{
    private static readonly byte[] s_packet = [0x45, 0x01, 0xff, 0xff, 0x80];

    [Theory]
    [InlineData(TunnelHeader.IpIp, 0, false, false, "")]
    [InlineData(TunnelHeader.Gue, 6080, false, false, "00040000")]
    [InlineData(TunnelHeader.Gue, 6080, true, false, "00290000")]
    [InlineData(TunnelHeader.Gre, 0, false, false, "00000800")]
    [InlineData(TunnelHeader.Gre, 0, true, false, "000086dd")]
    // 8000 + 0800 + 4501 + ffff + 8000 = 24d00, folded 4d02, its complement b2fd.
    [InlineData(TunnelHeader.Gre, 0, false, true, "80000800b2fd0000")]
    public void Before_a_packet_stands_what_its_receiver_expects(TunnelHeader header, ushort port, bool isIPv6, bool hasChecksum, string expected)
    {
        var bytes = new byte[TunnelSender.LongestHeader];
        bytes.AsSpan().Fill(0xEE);
        var length = TunnelSender.WriteHeader(new(header, port, hasChecksum), s_packet, isIPv6, bytes);
        Assert.Equal(expected, Convert.ToHexStringLower(bytes.AsSpan(0, length)));
        Assert.All(bytes[length..], rest => Assert.Equal(0xEE, rest));
    }

    [Theory]
    [InlineData("02d1ec000001 020000000001 0800 45", 1, "45")]
    [InlineData("02d1ec00fffe 020000000001 86dd 60aa", 65534, "60aa")]
    // For somebody else, for all, and of nothing.
    [InlineData("02d1ed000001 020000000001 0800 45", -1, "45")]
    [InlineData("ffffffffffff 020000000001 0806 00", -1, "00")]
    [InlineData("02d1ec000001 020000000001 0800", -1, "")]
    [InlineData("02d1ec", -1, "")]
    public void A_frame_names_the_real_server_by_its_MAC(string frame, int number, string packet)
    {
        Assert.Equal(number, TunnelDevice.Read(Convert.FromHexString(frame.Replace(" ", "", StringComparison.Ordinal)), out var carried));
        Assert.Equal(packet, Convert.ToHexStringLower(carried));
        if (number > 0)
        {
            Assert.StartsWith(TunnelDevice.Mac(number).Replace(":", "", StringComparison.Ordinal), frame, StringComparison.Ordinal);
        }
    }

    /// <summary>What comes to the real server, by a raw socket there; that it is taken out and answered is shown by whole directors, in the lab.</summary>
    [SkippableTheory]
    [InlineData("10.77.1.1", "10.77.0.11", 4)]
    [InlineData("10.77.1.1", "2001:db8:77::11", 4)]
    [InlineData("2001:db8:78::1", "2001:db8:77::11", 41)]
    [InlineData("2001:db8:78::1", "10.77.0.11", 41)]
    public void A_check_goes_into_the_tunnel_of_its_real_server(string vip, string server, int protocol)
    {
        Skip.If(Requirements.Missing("ip") is not null, Requirements.Missing("ip") ?? "");
        using var network = new LabNetwork();
        network.AddLan("inside");
        var (director, real) = (network.AddHost("director"), network.AddHost("rs1"));
        network.Connect(director, "eth0", "inside", "10.77.0.1/24", "2001:db8:77::1/64");
        network.Connect(real, "eth0", "inside", "10.77.0.11/24", "2001:db8:77::11/64");
        using var listener = real.Start("tcpdump", "-lnni", "eth0", "-c", "1", "-x", $"dst {server} and (ip proto {protocol} or ip6 proto {protocol})");
        listener.WaitUntil(() => listener.Error.Contains("listening", StringComparison.Ordinal), TimeSpan.FromSeconds(20), "tcpdump listens");
        director.Inside(() =>
        {
            try
            {
                var target = new CheckTarget(IPAddress.Parse(vip), 8080) { Through = new(IPAddress.Parse(server), new(TunnelHeader.IpIp)) };
                using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(3));
                Assert.ThrowsAny<OperationCanceledException>(() => new ConnectCheck(target).Ask(patience.Token).GetAwaiter().GetResult());
                Assert.Contains(TunnelDevice.Name, director.Run("ip", "link"), StringComparison.Ordinal);
            }
            finally
            {
                DataPath.Clear();
            }

            Assert.DoesNotContain(TunnelDevice.Name, director.Run("ip", "link"), StringComparison.Ordinal);
            Assert.Empty(RoutingCommands.Tables(director.Run("ip", "rule", "show")));
            Assert.Empty(RoutingCommands.Tables(director.Run("ip", "-6", "rule", "show")));
        });
        Assert.True(listener.WaitForEnd(TimeSpan.FromSeconds(20)) == 0, listener.Error);
        // The inner packet: to the VIP, from an address of this host towards the clients' network.
        var bytes = string.Concat(listener.Output.Split('\n').Where(line => line.TrimStart().StartsWith("0x", StringComparison.Ordinal))
            .Select(line => line.Split(':', 2)[1].Replace(" ", "", StringComparison.Ordinal)));
        Assert.Contains(Convert.ToHexStringLower(IPAddress.Parse(vip).GetAddressBytes()), bytes, StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(IPAddress.Parse(protocol == 4 ? "10.77.0.1" : "2001:db8:77::1").GetAddressBytes()), bytes, StringComparison.Ordinal);
    }
}
