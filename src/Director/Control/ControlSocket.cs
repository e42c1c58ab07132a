using System.CommandLine;

namespace Director.Control;

/// <summary>Where a director listens for local commands.</summary>
internal static class ControlSocket
{
    /// <summary>Used unless <c>--socket</c>, the configuration or <see cref="Variable"/> says otherwise.</summary>
    public const string DefaultPath = "/run/director.sock";

    /// <summary>Environment variable that replaces <see cref="DefaultPath"/>, for <c>ipvsadm</c>, whose options are not ours to add to.</summary>
    public const string Variable = "DIRECTOR_SOCKET";

    /// <summary>The path for a command that was given none.</summary>
    public static string Path => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? path : DefaultPath;

    /// <summary>A new <c>--socket</c> option.</summary>
    public static Option<string?> Option() => new("--socket") { Description = $"UNIX socket of the running director [default: {DefaultPath}]", HelpName = "path" };
}
