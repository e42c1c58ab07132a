using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>Who gets a connection, and what the others get.</summary>
public class AccessTests
{
    private const int CurlWasRefused = 7;
    private const int CurlTimedOut = 28;

    [SkippableFact]
    public void A_client_on_the_deny_list_gets_no_connection_and_the_others_do()
    {
        Needs.Lab("nginx", "curl");
        using DirectorLab lab = new(Topology.Nat);
        string[] clients = [.. lab.Net.ClientAddresses(AddressPlan.IPv4)];
        lab.Serve().Balance(new() { More = $"access {{ deny = [ \"{clients[0]}/32\" ] }}" });
        string url = $"http://{lab.Net.Vip(AddressPlan.IPv4)}/";

        Assert.Contains(
            lab.Client.Try("curl", "-sS", "--max-time", "2", "--interface", clients[0], url).ExitCode, (int[])[CurlWasRefused, CurlTimedOut]);
        Assert.Equal(0, lab.Client.Try("curl", "-sS", "--max-time", "20", "--interface", clients[1], url).ExitCode);
        Assert.DoesNotContain(clients[0], lab.WebServers.SelectMany(server => server.ClientAddresses));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void Where_no_real_server_takes_connections_the_client_is_refused_at_once(bool isIPv6)
    {
        Needs.Lab("curl");
        AddressPlan plan = isIPv6 ? AddressPlan.IPv6 : AddressPlan.IPv4;
        using DirectorLab lab = new(Topology.Nat);
        lab.Balance(new() { Weights = [0, 0, 0] }, plan);

        // ICMP port unreachable, as IPVS answers; a dropped SYN would end in a timeout.
        Assert.Equal(CurlWasRefused, lab.Client.Try("curl", "-sS", "--max-time", "20", $"http://{plan.WithPort(lab.Net.Vip(plan), 80)}/").ExitCode);
    }
}
