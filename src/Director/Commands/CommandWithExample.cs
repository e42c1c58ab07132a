using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Director.Commands;

/// <summary>A command whose <c>--help</c> ends with an example.</summary>
internal sealed class CommandWithExample(string name, string description, string example) : Command(name, description)
{
    /// <summary>What to type.</summary>
    public string Example { get; } = example;

    /// <summary>Shows the example of the command that help is asked for.</summary>
    public sealed class Help(HelpAction usual) : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => usual.ClearsParseErrors;

        public override int Invoke(ParseResult parseResult)
        {
            int exitCode = usual.Invoke(parseResult);
            string example = parseResult.CommandResult.Command is CommandWithExample command ? command.Example : "director run --config /etc/director.conf";
            parseResult.InvocationConfiguration.Output.WriteLine($"Example:\n  {example}");
            return exitCode;
        }
    }
}
