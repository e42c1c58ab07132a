namespace Director.Health.Checks;

/// <summary>Words of details that checks share.</summary>
internal static class Said
{
    /// <summary>What passed, and how long the certificate will.</summary>
    public static string Passed(string what, string expiry) => expiry.Length > 0 ? $"{what}, {expiry}" : what;
}
