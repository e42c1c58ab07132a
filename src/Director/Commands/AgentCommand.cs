using System.CommandLine;
using Director.Agent;
using Director.Configuration;
using Director.Hosting;

namespace Director.Commands;

/// <summary><c>director agent</c>: tells directors, from a real server, how loaded it is.</summary>
internal static class AgentCommand
{
    public static Command Create()
    {
        Option<string> config = new("--config", "-c") { Description = "Configuration file (HOCON)", HelpName = "file", Required = true };
        Option<bool> check = new("--check") { Description = "Only check the file and print every error in it" };
        Command command = new CommandWithExample(
            "agent", "Run on a real server until SIGTERM: measure its load, report it to the directors, join their services.", "director agent --config /etc/director/agent.conf")
        {
            config, check,
        };
        command.SetAction(async Task<int> (parsed, _) =>
        {
            AgentConfigurationResult result = AgentConfigurationReader.Read(parsed.GetRequiredValue(config));
            if (result.Configuration is not { } configuration)
            {
                foreach (string error in result.Errors)
                    parsed.InvocationConfiguration.Error.WriteLine(error);
                return ExitCode.Failure;
            }

            if (parsed.GetValue(check))
            {
                parsed.InvocationConfiguration.Output.WriteLine($"ok: services {configuration.Services.Length}, directors {configuration.Directors.Length}");
                return ExitCode.Ok;
            }

            using StopSignals stop = new();
            await AgentHost.Run(configuration, ConsoleLog.Standard().Write, stop.Token);
            return ExitCode.Ok;
        });
        return command;
    }
}
