using System.Net;
using System.Net.Sockets;
using Director.Health.Checks;
using Director.Health.Paths;
using Director.Lab;
using Director.Lab.Network;

namespace Director.Health.Tests.Paths;

[Collection("the ways of this process")]
public class DataPathTests
{
    private const ushort Port = 8080;
    private static readonly IPAddress s_vip = IPAddress.Parse("10.77.1.1");
    private static readonly IPAddress s_first = IPAddress.Parse("10.77.0.11");
    private static readonly IPAddress s_second = IPAddress.Parse("10.77.0.12");

    [SkippableFact]
    public void A_real_server_without_the_VIP_is_found_and_nothing_is_left_behind()
    {
        Skip.If(Requirements.Missing("ip") is not null, Requirements.Missing("ip") ?? "");
        using var network = new LabNetwork();
        network.AddLan("inside");
        var (director, first, second) = (network.AddHost("director"), network.AddHost("rs1"), network.AddHost("rs2"));
        network.Connect(director, "eth0", "inside", "10.77.0.1/24");
        network.Connect(first, "eth0", "inside", $"{s_first}/24");
        network.Connect(second, "eth0", "inside", $"{s_second}/24");
        first.Ip($"address add {s_vip}/32 dev lo");
        using var ofFirst = Listener(first);
        using var ofSecond = Listener(second);

        director.Inside(() =>
        {
            try
            {
                Assert.Equal("connected", Ask(new(s_second, Port)));
                Assert.Equal("connected", Ask(Through(s_first)));
                Assert.Equal("no answer", Ask(Through(s_second)));
                second.Ip($"address add {s_vip}/32 dev lo");
                Assert.Equal("connected", Ask(Through(s_second)));
                Assert.Equal("10.77.9.9 is on none of this host's networks: ip says: Error: Nexthop has invalid gateway.", Ask(Through(IPAddress.Parse("10.77.9.9"))));
                // One that there is no way to says so each time, and takes no other's place.
                Assert.Equal("10.77.9.9 is on none of this host's networks: ip says: Error: Nexthop has invalid gateway.", Ask(Through(IPAddress.Parse("10.77.9.9"))));
                Assert.Equal("no answer", Ask(Through(IPAddress.Parse("10.77.0.13"))));
                // The way of one VIP is not that of another.
                Assert.Equal("Network is unreachable", Ask(new(IPAddress.Parse("10.77.1.2"), Port)));
                director.Ip("address add 10.77.1.3/32 dev lo");
                Assert.Equal("10.77.1.3 is an address of this host, so nobody else can be asked for it", Ask(Through(s_first) with { Address = IPAddress.Parse("10.77.1.3") }));
            }
            finally
            {
                DataPath.Clear();
            }

            AssertNothingLeft(director);
            // What a director that was killed has left.
            director.Ip($"rule add priority 3 fwmark {RoutingCommands.Mark(7)} lookup {RoutingCommands.Mark(7)}", $"route add {s_vip} via {s_first} table {RoutingCommands.Mark(7)}");
            director.Ip("rule add priority 3 from 10.77.0.99 lookup 77");
            DataPath.Clear();
            AssertNothingLeft(director);
            Assert.Contains("lookup 77", director.Run("ip", "rule", "show"), StringComparison.Ordinal);
        });
    }

    private static CheckTarget Through(IPAddress server) => new(s_vip, Port) { Through = new(server) };

    /// <summary>Asks on this thread, whose network it is.</summary>
    private static string Ask(CheckTarget target)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMilliseconds(500));
        try
        {
            return new ConnectCheck(target).Ask(patience.Token).GetAwaiter().GetResult().Detail;
        }
        catch (OperationCanceledException)
        {
            return "no answer";
        }
        catch (Exception failure) when (failure is SocketException or InvalidOperationException)
        {
            return failure.Message;
        }
    }

    private static TcpListener Listener(LabHost host)
    {
        TcpListener? listener = null;
        host.Inside(() =>
        {
            listener = new TcpListener(IPAddress.Any, Port);
            listener.Start();
        });
        return listener!;
    }

    private static void AssertNothingLeft(LabHost director)
    {
        Assert.Empty(RoutingCommands.Tables(director.Run("ip", "rule", "show")));
        Assert.DoesNotContain($"{s_vip}", director.Run("ip", "route", "show", "table", "all").Replace($"local {s_vip}", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }
}
