using Director.Cluster.Availability;

namespace Director.Cluster.Health;

/// <summary>Runs an operator's command when health changes.</summary>
internal static class AlertCommand
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    /// <summary>Runs it with <c>sh -c</c> and waits for its end, for half a minute at most. What it writes goes where the director's own output goes.</summary>
    public static void Run(string command, string director, Alert alert, Action<string> log)
    {
        var (succeeded, how) = OperatorCommand.Run(
            command,
            s_patience,
            ("DIRECTOR_NAME", director),
            ("DIRECTOR_SERVICE", alert.Service),
            ("DIRECTOR_ADDRESS", alert.Address),
            ("DIRECTOR_REAL_SERVER", alert.RealServer),
            ("DIRECTOR_STATE", alert.State),
            ("DIRECTOR_DETAIL", alert.Detail));
        if (!succeeded)
        {
            log($"warning: alerts: the command {how}");
        }
    }
}
