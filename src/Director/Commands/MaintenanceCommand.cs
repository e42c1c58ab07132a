using System.CommandLine;
using System.Text.Json;
using Director.Cluster.Health;
using Director.Control;

namespace Director.Commands;

/// <summary><c>director maintenance</c>: takes real servers out for a while, on all directors, and lists those that are.</summary>
internal static class MaintenanceCommand
{
    public static Command Create()
    {
        Option<string?> socket = ControlSocket.Option();
        Option<bool> json = new("--json") { Description = "List as JSON" };
        Argument<string?> server = new("server")
        {
            Description = "ADDRESS:PORT, ADDRESS, or either behind SERVICE/; without it those in maintenance are listed",
            Arity = ArgumentArity.ZeroOrOne,
        };
        Argument<string?> state = new("state") { Description = "on: no new connections, and the end of those that it has after drain-timeout; off", Arity = ArgumentArity.ZeroOrOne };
        state.AcceptOnlyFromAmong("on", "off");
        Command command = new CommandWithExample(
            "maintenance", "Take a real server out for a while, or back; lists those that are out.", "director maintenance www/192.168.6.4:80 on") { server, state, socket, json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(server) is not null && result.GetValue(state) is null)
                result.AddError("write 'on' or 'off' behind the real server");
        });
        command.SetAction(parsed =>
        {
            using ControlClient client = ControlClient.Connect(parsed.GetValue(socket) ?? ControlSocket.Path);
            TextWriter output = parsed.InvocationConfiguration.Output;
            if (parsed.GetValue(server) is { } target)
            {
                ControlResponse response = client.Ask(new ControlRequest.Maintenance(target, parsed.GetValue(state) == "on"));
                return response.Error is null ? ExitCode.Ok : throw new OperatorException(response.Message ?? "refused");
            }

            var services = client.Ask(new ControlRequest.Cluster()).Cluster?.Own().Health ?? [];
            (string Service, ServerHealthFigures Server)[] listed =
                [.. services.SelectMany(service => service.Servers.Where(one => one.State is "maintenance" or "draining").Select(one => (service.Name, one)))];
            if (parsed.GetValue(json))
                output.WriteLine(JsonSerializer.Serialize(listed.Select(one => new ListedServer(one.Service, one.Server.Server, one.Server.State, one.Server.DrainSeconds)).ToArray(), ControlJson.Indented.ListedServerArray));
            else if (listed.Length == 0)
                output.WriteLine("no real server is in maintenance or draining");
            foreach ((string service, ServerHealthFigures one) in parsed.GetValue(json) ? [] : listed)
                output.WriteLine($"{service}/{one.Server} {one.State}{(one.DrainSeconds is > 0 and var left ? $", {left:0} s until what is left of its connections is ended" : "")}");
            return ExitCode.Ok;
        });
        return command;
    }
}

/// <summary>A real server that is out, for machines.</summary>
internal sealed record ListedServer(string Service, string Server, string State, double? DrainSeconds);
