using System.CommandLine;
using System.Net;
using Director.Hosting;
using Director.Prepare;

namespace Director.Commands;

/// <summary><c>director prepare</c>: what a real server needs.</summary>
internal static class PrepareCommand
{
    public static Command Create()
    {
        Argument<string> forwarding = new("forwarding") { Description = "How the director reaches this real server: direct or tunnel" };
        forwarding.AcceptOnlyFromAmong("direct", "tunnel");
        Option<IPAddress[]> vips = AddressOption.Create("--vip", "VIPs that this real server serves", isRequired: true);
        Option<bool> overIPv6 = new("--over-ipv6") { Description = "The director reaches this real server by IPv6 (tunnel only)" };
        Option<bool> apply = new("--apply") { Description = "Set it, as root; without, it is only printed" };
        Option<bool> undo = new("--undo") { Description = "Take it back" };
        Command command = new CommandWithExample(
            "prepare", "Print, or with --apply set, what a real server needs for direct routing or tunnelling.", "director prepare direct --vip 172.17.60.201 --apply")
        {
            forwarding, vips, overIPv6, apply, undo,
        };
        command.SetAction(async Task<int> (parsed, _) =>
        {
            using StopSignals stop = new();
            PrepareOptions options = new(parsed.GetRequiredValue(forwarding) == "tunnel", [.. parsed.GetRequiredValue(vips)])
            {
                IsOverIPv6 = parsed.GetValue(overIPv6),
                Apply = parsed.GetValue(apply),
                Undo = parsed.GetValue(undo),
            };
            return await RealServerPreparer.RunAsync(options, parsed.InvocationConfiguration.Output, stop.Token);
        });
        return command;
    }
}
