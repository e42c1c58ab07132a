using Director.Lab.Topologies;

namespace Director.Lab.Software;

/// <summary>What makes several directors of a lab a cluster, as their configurations have it.</summary>
public sealed record ClusterConfiguration
{
    /// <summary><c>active-standby</c> or <c>active-active</c>.</summary>
    public string Mode { get; init; } = "active-standby";

    /// <summary>How long a silent director counts as alive, in milliseconds; heartbeats go out every 2/7 of it.</summary>
    public int DeadtimeMilliseconds { get; init; } = 350;

    /// <summary>Workers of each director.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Their weights in the order of their numbers, where they share the clients; empty: as configured by default.</summary>
    public IReadOnlyList<int> Weights { get; init; } = [];

    /// <summary>Heartbeats also on the LANs of clients and real servers.</summary>
    public bool Ethernet { get; init; } = true;

    /// <summary>More lines of <c>availability</c>.</summary>
    public string Availability { get; init; } = "";

    /// <summary>More lines of <c>heartbeat</c>.</summary>
    public string Heartbeat { get; init; } = "";

    /// <summary>More lines of the director.</summary>
    public string More { get; init; } = "";

    /// <summary>The whole configuration of one director.</summary>
    /// <param name="lab">Where it runs.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="services">The services as HOCON.</param>
    public string For(LabTopology lab, int number, IEnumerable<string> services) => $$"""
        director {
          name = director{{number}}
          interfaces = [{{string.Join(", ", Interfaces(lab))}}]
          http = "127.0.0.1:9090"
          engine { workers = {{Workers}} }
          cluster {
            hostname = "{{LabTopology.ClusterAddress(number)}}"
            seeds = [{{string.Join(", ", Enumerable.Range(1, lab.Directors.Count).Select(one => $"\"{LabTopology.ClusterAddress(one)}:2551\""))}}]
            seed-wait = 3s
            key = "the secret of this lab"
            insecure = on
          }
          availability {
            mode = {{Mode}}
            groups { vips { addresses = [{{string.Join(", ", lab.MovingAddresses.Select(address => $"\"{address}\""))}}] } }
            heartbeat {
              ethernet = {{(Ethernet ? "on" : "off")}}
              keepalive = {{Math.Max(DeadtimeMilliseconds * 2 / 7, 10)}}ms, warntime = {{DeadtimeMilliseconds * 4 / 7}}ms, deadtime = {{DeadtimeMilliseconds}}ms, initdead = 1s
              {{Heartbeat}}
            }
            {{Availability}}
          }
          {{(Weights.Count == 0 ? "" : $"partition {{ weight = {Weights[number - 1]} }}")}}
          virtual-services {
        {{string.Join('\n', services)}}
          }
          {{More}}
        }

        """;

    private static IEnumerable<string> Interfaces(LabTopology lab) => lab.Topology is Topology.NatOneArmed or Topology.Direct ? ["eth0"] : ["eth0", "eth1"];
}
