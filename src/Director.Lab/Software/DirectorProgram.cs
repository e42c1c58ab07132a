namespace Director.Lab.Software;

/// <summary>The <c>director</c> program that the lab runs: the one beside this assembly.</summary>
public static class DirectorProgram
{
    /// <summary>The environment variable that tells <c>director ipvsadm</c> where the director's socket is.</summary>
    public const string SocketVariable = "DIRECTOR_SOCKET";

    private static string Executable => Path.Combine(AppContext.BaseDirectory, "director");

    /// <summary>The command line that calls it.</summary>
    public static IReadOnlyList<string> With(params IEnumerable<string> arguments) =>
        File.Exists(Executable) ? [Executable, .. arguments] : ["dotnet", Executable + ".dll", .. arguments];
}
