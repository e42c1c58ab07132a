namespace Director.Health.Feedback;

/// <summary>Load as a share of the configured weight.</summary>
public static class AgentLoad
{
    /// <summary>What a real server under a load asks for: 100 % idle, 1 % at full load. It is never 0 %, which is the word of an operator.</summary>
    /// <param name="load">0 to 100; what is beyond is held there, and what is no number is no load that is known.</param>
    /// <returns>Percent of its configured weight, 1 to 100; null where the load is not known.</returns>
    public static int? Percent(double load) =>
        double.IsNaN(load) ? null : (int)Math.Clamp(Math.Round(100 - load, MidpointRounding.AwayFromZero), 1, 100);
}
