using System.Globalization;
using Director.Lab.Network;

namespace Director.Lab.Software;

/// <summary>What listens on a host.</summary>
public static class Listeners
{
    private const string ListenState = "0A";

    /// <summary>Whether a TCP socket of either family listens on a port (/proc/net/tcp, proc(5)).</summary>
    public static bool Has(LabHost host, int port)
    {
        string suffix = port.ToString("X4", CultureInfo.InvariantCulture);

        // Read by a thread on the host: who waits for a listener asks a hundred times a second, and a process for each question would take the time that the listener needs to start.
        string table = "";
        host.Inside(() => table = string.Concat(((string[])["tcp", "tcp6"]).Select(family => File.ReadAllText($"/proc/thread-self/net/{family}"))));
        return table.Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Any(fields => fields.Length > 3 && fields[3] == ListenState && fields[1].EndsWith($":{suffix}", StringComparison.Ordinal));
    }
}
