using Director.Control;

namespace Director.Ipvsadm;

/// <summary><c>ipvsadm</c> 1.31 against the running director.</summary>
internal static class IpvsadmProgram
{
    /// <summary>Runs one command line.</summary>
    /// <param name="program">The name that usage texts show.</param>
    /// <param name="arguments">Without the program's name. <c>--socket PATH</c>, which ipvsadm does not have, may stand first.</param>
    /// <returns>The exit status, as ipvsadm has it.</returns>
    public static int Run(string program, IReadOnlyList<string> arguments)
    {
        string path = ControlSocket.Path;
        if (arguments is ["--socket", var given, ..])
        {
            path = given;
            arguments = [.. arguments.Skip(2)];
        }

        ControlClient? client = null;
        // One write for a whole list: it may have many lines.
        using StreamWriter output = new(Console.OpenStandardOutput(), bufferSize: 1 << 16);
        try
        {
            return new IpvsadmSession(program, request => (client ??= ControlClient.Connect(path)).Ask(request), new SystemNames(), Console.In, output, Console.Error).Run(arguments);
        }
        catch (OperatorException mistake)
        {
            // As ipvsadm where the kernel has no IPVS.
            throw new OperatorException(mistake.Message, IpvsadmException.Parameter);
        }
        finally
        {
            client?.Dispose();
        }
    }
}
