using System.Net;

namespace Director.Cluster.Availability;

/// <summary>Runs an operator's command on take or release of a group.</summary>
internal static class GroupScript
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>Runs it with <c>sh -c</c> and waits for its end, for a minute at most. What it writes goes where the director's own output goes.</summary>
    /// <param name="command">The command.</param>
    /// <param name="group">For <c>DIRECTOR_GROUP</c>.</param>
    /// <param name="addresses">For <c>DIRECTOR_ADDRESSES</c>, separated by spaces.</param>
    /// <param name="action">For <c>DIRECTOR_EVENT</c>: take or release.</param>
    /// <param name="log">Takes a line on how it ended.</param>
    public static void Run(string command, string group, IEnumerable<IPAddress> addresses, string action, Action<string> log)
    {
        var (succeeded, how) = OperatorCommand.Run(
            command, Patience, ("DIRECTOR_GROUP", group), ("DIRECTOR_ADDRESSES", string.Join(' ', addresses)), ("DIRECTOR_EVENT", action));
        log(succeeded ? $"on-{action} of group {group} has run" : $"warning: on-{action} of group {group} {how}");
    }
}
