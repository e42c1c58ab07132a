using System.Net;
using Director.Health.Paths;

namespace Director.Health.Tests.Paths;

public class RoutingCommandsTests
{
    [Fact]
    public void Each_real_server_has_a_table_in_which_what_it_has_no_route_to_is_unreachable()
    {
        Assert.Equal(
            "route replace unreachable default metric 4278198272 table 3521904641\nrule add priority 3 fwmark 3521904641 lookup 3521904641\n", RoutingCommands.SetUp(1));
        Assert.Equal(
            "route replace 10.0.0.1 via 192.0.2.7 table 3521904642\n", RoutingCommands.Lead(2, IPAddress.Parse("10.0.0.1"), IPAddress.Parse("192.0.2.7")));
    }

    [Fact]
    public void By_a_tunnel_a_VIP_leads_to_a_neighbour_that_stands_for_the_real_server()
    {
        Assert.Equal(
            "neighbour replace 169.254.1.2 lladdr 02:d1:ec:00:01:02 dev dir-checks nud permanent\nroute replace 10.0.0.1 via 169.254.1.2 dev dir-checks onlink src 10.0.0.9 table 3521904898\n",
            RoutingCommands.LeadByTunnel(258, IPAddress.Parse("10.0.0.1"), IPAddress.Parse("10.0.0.9")));
        Assert.Equal(
            "neighbour replace fe80::102 lladdr 02:d1:ec:00:01:02 dev dir-checks nud permanent\nroute replace 2001:db8::1 via fe80::102 dev dir-checks onlink table 3521904898\n",
            RoutingCommands.LeadByTunnel(258, IPAddress.Parse("2001:db8::1"), own: null));
    }

    [Fact]
    public void Ours_are_found_among_the_rules_of_others()
    {
        const string listed = """
            0:	from all lookup local
            2:	from 127.0.0.1 lookup 53740
            3:	from all fwmark 0xd1ec0000 lookup 3521904640
            3:	from all fwmark 0xd1ecffff lookup 3521970175
            4:	from all lookup 3521970176
            5:	from all lookup 99999999999999
            32766:	from all lookup main
            """;
        Assert.Equal([3521904640, 3521970175], RoutingCommands.Tables(listed).Order());
    }
}
