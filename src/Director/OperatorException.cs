namespace Director;

/// <summary>Something that the operator can put right. Its message is one line: what is wrong, where, what to do.</summary>
internal sealed class OperatorException(string message, int exitCode = ExitCode.Failure) : Exception(message)
{
    /// <summary>Exit status of the process.</summary>
    public int ExitCode { get; } = exitCode;
}
