using System.Text.Json;
using Director.Cluster.Telemetry;
using Director.Commands;
using Director.Control;
using Director.Tests.Http;
using Xunit;

namespace Director.Tests.Commands;

public sealed class ClusterTextTests
{
    [Fact]
    public void Every_director_and_every_member_is_a_row() => Assert.Equal(
        """
        DIRECTOR                     STATE                        CONNECTIONS   CONN/S    SYNCED  TABLE  GROUPS
        lb1 *                        up, leader                            34        7       1/2 edited  default holds 256/512
        lb2                          up                                    34        7       yes   file  default waits
        lb3                          up, unreachable, silent 12 s          34        7         -   file
        akka.tls://director@lb4:2551 joining


        """,
        ClusterText.Format(Figures.Cluster));

    [Fact]
    public void A_director_without_others_has_no_cluster_to_show() =>
        Assert.Equal("", ClusterText.Format(new("lb1", [], [Figures.Director("lb1", 0)])));

    [Fact]
    public void What_the_director_holds_hears_and_lacks_is_told_before_its_services()
    {
        string text = StatusText.Format(Figures.Cluster.Own(), Figures.Started);
        Assert.Contains(
            """


            hears lb2; ping nodes 1 of 2
            group default: holds 10.0.0.1; blocks 0-255, weight 100, map 3, master lb2
            connections of lb2: snapshot, 1000 records, 5 datagrams behind, 0 lost
            connections of lb3: caught-up, 7 records, 0 datagrams behind, 1 lost
            datagrams of heartbeats not taken: forged 4
            datagrams of synchronisation not taken: replayed 5
            load of 10.1.0.11:80 of www: 40 % of its weight, stale, 12.5 s ago, rs1
            connections, messages and answers of agents not taken: flood 3
            differs from the file: virtual service FWM 1 removed

            SERVICE
            """,
            text,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Figures_pass_the_control_socket_whole()
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(new ControlResponse { Cluster = Figures.Cluster }, ControlJson.Default.ControlResponse);
        ClusterFigures back = JsonSerializer.Deserialize(json, ControlJson.Default.ControlResponse)!.Cluster!;
        Assert.Equal(json, JsonSerializer.SerializeToUtf8Bytes(new ControlResponse { Cluster = back }, ControlJson.Default.ControlResponse));
        Assert.Equal(256, back.Own().Groups[0].Partition?.Blocks);
    }
}
