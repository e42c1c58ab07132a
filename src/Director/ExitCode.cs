namespace Director;

/// <summary>What the process's exit status means; <c>ipvsadm</c> has its own.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>Understood and failed.</summary>
    public const int Failure = 1;

    /// <summary>The command line was wrong.</summary>
    public const int Usage = 2;

    /// <summary>Done but for parts that have no counterpart (<c>director import</c>).</summary>
    public const int Incomplete = 3;
}
