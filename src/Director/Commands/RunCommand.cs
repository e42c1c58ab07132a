using System.CommandLine;
using Director.Control;
using Director.Hosting;

namespace Director.Commands;

/// <summary><c>director run</c>: the director itself.</summary>
internal static class RunCommand
{
    public static Command Create()
    {
        Option<string> config = new("--config", "-c") { Description = "Configuration file (HOCON)", HelpName = "file", Required = true };
        Option<string?> socket = ControlSocket.Option();
        Command command = new CommandWithExample(
            "run", "Run a director on this host until SIGTERM. SIGHUP reads the configuration again.", "director run --config /etc/director.conf") { config, socket };
        command.SetAction((parsed, _) => DirectorHost.Run(
            parsed.GetRequiredValue(config), parsed.GetValue(socket), ConsoleLog.Standard(), parsed.InvocationConfiguration.Error));
        return command;
    }
}
