using System.Globalization;
using Director.Lab.Processes;

namespace Director.Lab.Network;

/// <summary>Namespaces and folders of labs whose process is no more.</summary>
internal static class Leftovers
{
    /// <summary>Followed by the process id of the maker and a dash.</summary>
    internal const string Prefix = "dlab-";

    private const string Namespaces = "/run/netns";

    internal static void Remove()
    {
        foreach (string name in Names(Namespaces).Where(IsLeft))
        {
            RemoveNamespace(name);
        }

        foreach (string name in Names(Path.GetTempPath()).Where(IsLeft))
        {
            RemoveFolder(Path.Combine(Path.GetTempPath(), name));
        }
    }

    private static void RemoveFolder(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (IOException)
        {
            // Another lab is at the same leftover.
        }
    }

    /// <summary>Kills what runs in a namespace and removes it. Another lab may be at the same leftover, so that it is gone already is no error.</summary>
    internal static void RemoveNamespace(string name)
    {
        foreach (string process in Command.Try(["ip", "netns", "pids", name]).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            Signals.Send(int.Parse(process, CultureInfo.InvariantCulture), Signals.Kill);
        }

        Command.Try(["ip", "netns", "delete", name]);
    }

    private static IEnumerable<string> Names(string folder) =>
        Directory.Exists(folder) ? Directory.EnumerateFileSystemEntries(folder, $"{Prefix}*").Select(path => Path.GetFileName(path)).ToList() : [];

    private static bool IsLeft(string name) =>
        int.TryParse(name[Prefix.Length..].Split('-')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int maker) && !Directory.Exists($"/proc/{maker}");
}
