namespace Director.Ipvsadm;

/// <summary>Ends ipvsadm with a text on stderr and an exit status.</summary>
internal sealed class IpvsadmException(string message, int exitCode) : Exception(message)
{
    /// <summary>A parameter is wrong: ipvsadm ends at once with 2, also in the middle of a restore.</summary>
    public const int Parameter = 2;

    /// <summary>What a shell sees of the -1 that ipvsadm ends with when an option cannot be read or the director refuses.</summary>
    public const int Refused = 255;

    /// <summary>Exit status of the process.</summary>
    public int ExitCode { get; } = exitCode;

    /// <summary>A wrong parameter.</summary>
    public static IpvsadmException Illegal(string message) => new(message, Parameter);

    /// <summary>ipvsadm's way to say that it understood nothing.</summary>
    public static IpvsadmException TryHelp(string program) => new($"Try `{program} -h' or '{program} --help' for more information.", Refused);
}
