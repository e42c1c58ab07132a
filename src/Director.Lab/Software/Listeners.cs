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
        return host.Run("cat", "/proc/net/tcp", "/proc/net/tcp6").Split('\n')
            .Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            .Any(fields => fields.Length > 3 && fields[3] == ListenState && fields[1].EndsWith($":{suffix}", StringComparison.Ordinal));
    }
}
