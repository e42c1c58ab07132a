using System.Globalization;
using System.Text.RegularExpressions;
using Director.Lab.Load;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>A lab with nginx on its real servers and, once it is started, a director.</summary>
internal sealed partial class DirectorLab : IDisposable
{
    private LabDirector? _director;

    internal DirectorLab(Topology topology, int realServers = 3)
    {
        Net = new(topology, realServers);
        if (topology == Topology.Tunnel)
        {
            BuiltInPrograms.StartDecapsulations(Net.RealServers, AddressPlan.Both.Select(Net.Vip));
        }
    }

    internal LabTopology Net { get; }

    internal LabHost Client => Net.Client;

    internal LabDirector Director => _director!;

    internal List<Nginx> WebServers { get; } = [];

    /// <summary>nginx on every real server.</summary>
    internal DirectorLab Serve(string? folder = null, params int[] ports)
    {
        WebServers.AddRange(Net.RealServers.Select(server => Nginx.Start(server, ports.Length == 0 ? [80] : ports, folder)));
        return this;
    }

    /// <summary>The director, with services over all real servers.</summary>
    internal DirectorLab BalanceServices(IEnumerable<string> services, string more = "")
    {
        _director = LabDirector.Start(Net.Director, ServiceConfiguration.Director(services, more));
        return this;
    }

    /// <summary>The director, with one service over all real servers.</summary>
    internal DirectorLab Balance(ServiceConfiguration service, AddressPlan? plan = null, string more = "") =>
        BalanceServices([service.For(Net, plan ?? AddressPlan.IPv4)], more);

    /// <summary>Requests from all the client's addresses.</summary>
    internal LoadFigures Load(long requests, AddressPlan? plan = null, int port = 80, int clients = 32)
    {
        plan ??= AddressPlan.IPv4;
        return BuiltInPrograms.RunLoad(
            Client,
            new(plan.WithPort(Net.Vip(plan), port)) { From = Net.ClientAddresses(plan), Requests = requests, Clients = clients },
            TimeSpan.FromSeconds(60));
    }

    /// <summary>What <c>curl</c> prints for a URL; fails when it fails.</summary>
    internal string Curl(string address, params string[] options) => Client.Run(["curl", "-sS", "--max-time", "20", .. options, $"http://{address}"]);

    /// <summary>The rows of <c>ipvsadm -L -n</c> for real servers: address to active and inactive connections.</summary>
    internal Dictionary<string, (int Weight, int Active, int Inactive)> Table() =>
        RealServerRow().Matches(Director.Ipvsadm("-L", "-n")).ToDictionary(
            row => row.Groups["address"].Value,
            row => (Number(row, "weight"), Number(row, "active"), Number(row, "inactive")));

    public void Dispose()
    {
        _director?.Dispose();
        Net.Dispose();
    }

    private static int Number(Match row, string group) => int.Parse(row.Groups[group].Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s+->\s+(?<address>\S+)\s+\S+\s+(?<weight>\d+)\s+(?<active>\d+)\s+(?<inactive>\d+)\s*$", RegexOptions.Multiline)]
    private static partial Regex RealServerRow();
}
