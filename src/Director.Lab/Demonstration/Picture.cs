using Director.Lab.Topologies;

namespace Director.Lab.Demonstration;

/// <summary>Draws a lab of three real servers.</summary>
internal static class Picture
{
    internal static string Of(LabTopology lab, AddressPlan plan)
    {
        string client = $"client     {plan.Outside}{AddressPlan.Client(0)} to {plan.Outside}{AddressPlan.Client(LabTopology.Clients - 1)}";
        string director = lab.Directors.Count == 1
            ? $"director   {lab.DirectorAddress(plan)}, holds the VIP {lab.Vip(plan)}"
            : $"director1 to director{lab.Directors.Count}, joined by a LAN of their own too; VIP {lab.Vip(plan)}";
        string gateway = lab.Directors.Count == 1 ? "the director is their gateway" : $"their gateway {lab.Gateway(plan)} moves with the VIP";
        string servers = $"{lab.RealServer(plan, 1)} to {lab.RealServer(plan, 3)}";
        string outside = $"{plan.Outside}0/{plan.PrefixLength}".Replace("::0", "::", StringComparison.Ordinal);
        string inside = $"{plan.Inside}0/{plan.PrefixLength}".Replace("::0", "::", StringComparison.Ordinal);
        return lab.ForwardingMethod switch
        {
            "nat" => $"""
                  {client}
                    |
                    |  clients' LAN {outside}
                    |
                  {director}; rewrites addresses both ways
                    |
                    |  real servers' LAN {inside}
                    +-----+-----+
                   rs1   rs2   rs3   {servers}; {gateway}
                """,
            "direct" => $"""
                  {client}
                    |
                    +---- LAN {outside} ----+-----+-----+
                    |                             rs1   rs2   rs3   {servers}; hold the VIP on lo, answer the client themselves
                    |
                  {director}; changes only the Ethernet address
                """,
            _ => $"""
                  {client}
                    |
                    +---- clients' LAN {outside} ------+-----+-----+
                    |                                      rs1   rs2   rs3   hold the VIP on lo, answer the client themselves
                  {director}; |     |     |    {servers}
                    |  puts packets into IP-in-IP packets   |     |     |
                    +---- inside LAN {inside} -----------+-----+-----+
                """,
        };
    }
}
