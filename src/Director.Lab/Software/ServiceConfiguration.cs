using Director.Lab.Topologies;

namespace Director.Lab.Software;

/// <summary>A virtual service over all real servers of a lab, as a director's configuration has it.</summary>
public sealed record ServiceConfiguration
{
    /// <summary>Its name.</summary>
    public string Name { get; init; } = "www";

    /// <summary><c>tcp</c> or <c>udp</c>.</summary>
    public string Protocol { get; init; } = "tcp";

    /// <summary>Its port.</summary>
    public int Port { get; init; } = 80;

    /// <summary>The real servers' port; null is <see cref="Port"/>, which it must be but with NAT.</summary>
    public int? RealServerPort { get; init; }

    /// <summary>Its scheduler.</summary>
    public string Scheduler { get; init; } = "rr";

    /// <summary>Weights of the real servers in their order; empty: 1 each.</summary>
    public IReadOnlyList<int> Weights { get; init; } = [];

    /// <summary>More lines of it.</summary>
    public string More { get; init; } = "";

    /// <summary>As HOCON, for the addresses of one family.</summary>
    public string For(LabTopology lab, AddressPlan plan)
    {
        IEnumerable<string> realServers = Enumerable.Range(1, lab.RealServers.Count).Select(number =>
            $$"""    { address = "{{plan.WithPort(lab.RealServer(plan, number), RealServerPort ?? Port)}}", weight = {{(Weights.Count == 0 ? 1 : Weights[number - 1])}} }""");
        return $$"""
            {{Name}} {
              protocol = {{Protocol}}
              address = "{{plan.WithPort(lab.Vip(plan), Port)}}"
              scheduler = {{Scheduler}}
              forwarding = {{lab.ForwardingMethod}}
              real-servers = [
            {{string.Join('\n', realServers)}}
              ]
              {{More}}
            }
            """;
    }

    /// <summary>The configuration of a director with virtual services.</summary>
    /// <param name="services">The services as HOCON.</param>
    /// <param name="more">More lines of the director.</param>
    public static string Director(IEnumerable<string> services, string more = "") => $$"""
        director {
        name = lab
        virtual-services {
        {{string.Join('\n', services)}}
        }
        {{more}}
        }

        """;
}
