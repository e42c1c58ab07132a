using System.CommandLine;

namespace Director.Commands;

/// <summary><c>director ipvsadm</c> in the list of commands; the program answers it before this parser is asked.</summary>
internal static class IpvsadmCommand
{
    public static Command Create() =>
        new CommandWithExample("ipvsadm", "Administer the running director with ipvsadm 1.31's options.", "director ipvsadm -L -n") { TreatUnmatchedTokensAsErrors = false };
}
