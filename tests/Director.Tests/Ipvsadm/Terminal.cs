using Director.Control;
using Director.Ipvsadm;

namespace Director.Tests.Ipvsadm;

/// <summary>What an ipvsadm command line printed, and its exit status.</summary>
internal sealed record Printed(int ExitCode, string Output, string Errors);

/// <summary>Types ipvsadm command lines at a director.</summary>
internal static class Terminal
{
    /// <summary>Runs a command line; words are separated by blanks.</summary>
    public static Printed Type(string commandLine, Func<ControlRequest, ControlResponse> director, string input = "") =>
        Run(commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries), director, input);

    /// <summary>Runs a command line against a director with an empty table.</summary>
    public static Printed Type(string commandLine) => Type(commandLine, new TableDirector().Ask);

    /// <summary>Runs a command line.</summary>
    public static Printed Run(string[] arguments, Func<ControlRequest, ControlResponse> director, string input = "")
    {
        using StringWriter output = new() { NewLine = "\n" };
        using StringWriter errors = new() { NewLine = "\n" };
        int exitCode = new IpvsadmSession("ipvsadm", director, new FewNames(), new StringReader(input), output, errors).Run(arguments);
        return new(exitCode, output.ToString(), errors.ToString());
    }
}
