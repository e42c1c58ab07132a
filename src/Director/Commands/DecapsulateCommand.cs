using System.CommandLine;
using System.Net;
using Director.Decapsulate;
using Director.Hosting;

namespace Director.Commands;

/// <summary><c>director decapsulate</c>: takes packets out of the tunnel on a real server whose kernel cannot.</summary>
internal static class DecapsulateCommand
{
    public static Command Create()
    {
        Option<IPAddress[]> vips = AddressOption.Create("--vip", "VIPs that this real server serves", isRequired: true);
        Option<IPAddress[]> directors = AddressOption.Create("--director", "Directors whose packets are taken [default: anybody's]");
        Option<string> device = new("--device") { Description = "Name of the TUN device", HelpName = "name", DefaultValueFactory = static _ => new DecapsulateOptions([]).Device };
        Option<bool> gre = new("--gre") { Description = "Take GRE too" };
        Option<ushort> guePort = new("--gue-port") { Description = "Take GUE too, on this UDP port", HelpName = "port" };
        Command command = new CommandWithExample(
            "decapsulate", "Take packets out of the tunnel on a real server without an ipip device, until Ctrl-C.", "director decapsulate --vip 172.17.60.201")
        {
            vips, directors, device, gre, guePort,
        };
        command.SetAction(async Task<int> (parsed, _) =>
        {
            using StopSignals stop = new();
            DecapsulateOptions options = new([.. parsed.GetRequiredValue(vips)])
            {
                Device = parsed.GetRequiredValue(device),
                Directors = [.. parsed.GetValue(directors) ?? []],
                Gre = parsed.GetValue(gre),
                GuePort = parsed.GetValue(guePort),
            };
            return await Decapsulator.RunAsync(options, parsed.InvocationConfiguration.Output, stop.Token);
        });
        return command;
    }
}
