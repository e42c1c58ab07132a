using System.CommandLine;
using Director;
using Director.Commands;
using Director.Ipvsadm;

try
{
    if (ProgramName.IsIpvsadm)
        return IpvsadmProgram.Run(ProgramName.AsCalled, args);
    // Before the parser of the other commands sees them: ipvsadm's options follow rules of their own.
    if (args is ["ipvsadm", .. var arguments])
        return IpvsadmProgram.Run("ipvsadm", arguments);

    ParseResult parsed = DirectorCommand.Create().Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
    if (parsed.Errors.Count > 0 && parsed.Action is System.CommandLine.Invocation.ParseErrorAction)
    {
        // The last names what is too much; those before it may only follow from that.
        string message = string.Join(' ', parsed.Errors[^1].Message.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));
        Console.Error.WriteLine($"director: {message} (see '{DirectorCommand.PathOf(parsed)} --help')");
        return ExitCode.Usage;
    }

    return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
}
catch (OperatorException mistake)
{
    Console.Error.WriteLine($"director: {mistake.Message}");
    return mistake.ExitCode;
}
catch (Exception defect) when (defect is not OperationCanceledException)
{
    Console.Error.WriteLine($"director: {defect.GetType().Name}: {defect.Message.ReplaceLineEndings(" ")} (a defect of director: please report it)");
    return ExitCode.Failure;
}
