using System.Text;

namespace Director;

/// <summary>The name that the program was called by. The runtime hides it: its own first argument is the assembly's path.</summary>
internal static class ProgramName
{
    /// <summary>The first string of the command line as the kernel has it, <c>director</c> when it cannot be read.</summary>
    public static string AsCalled { get; } = Read();

    /// <summary>Whether the program was called by the name <c>ipvsadm</c>, through a symbolic link.</summary>
    public static bool IsIpvsadm => Path.GetFileName(AsCalled) == "ipvsadm";

    private static string Read()
    {
        try
        {
            byte[] commandLine = File.ReadAllBytes("/proc/self/cmdline");
            int end = Array.IndexOf(commandLine, (byte)0);
            return end > 0 ? Encoding.UTF8.GetString(commandLine, 0, end) : "director";
        }
        catch (IOException)
        {
            return "director";
        }
    }
}
