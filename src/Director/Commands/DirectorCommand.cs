using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Director.Commands;

/// <summary>The command line of <c>director</c>.</summary>
internal static class DirectorCommand
{
    /// <summary>All commands and their options.</summary>
    public static RootCommand Create()
    {
        RootCommand root = new("A layer-4 load balancer: NAT, direct routing, tunnelling.")
        {
            RunCommand.Create(),
            CheckCommand.Create(),
            ImportCommand.Create(),
            IpvsadmCommand.Create(),
            StatusCommand.Create(),
            MaintenanceCommand.Create(),
            LabCommand.Create(),
            PrepareCommand.Create(),
            DecapsulateCommand.Create(),
            CertificateCommand.Create(),
            AgentCommand.Create(),
            GenhashCommand.Create(),
        };
        root.Options.OfType<VersionOption>().First().Action = new ShowVersion();
        HelpOption help = root.Options.OfType<HelpOption>().First();
        help.Action = new CommandWithExample.Help((HelpAction)help.Action!);
        return root;
    }

    /// <summary>The command that was meant, as it is typed: <c>director run</c>.</summary>
    public static string PathOf(ParseResult parsed)
    {
        string path = "";
        for (CommandResult? command = parsed.CommandResult; command is { Command: not RootCommand }; command = command.Parent as CommandResult)
            path = $" {command.Command.Name}{path}";
        return $"director{path}";
    }

    private sealed class ShowVersion : SynchronousCommandLineAction
    {
        public override int Invoke(ParseResult parseResult)
        {
            parseResult.InvocationConfiguration.Output.WriteLine(PackageWorld.Version);
            return ExitCode.Ok;
        }
    }
}
