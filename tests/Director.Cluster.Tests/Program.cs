using Director.Cluster.Tests.Availability;
using Director.Cluster.Tests.Formation;

namespace Director.Cluster.Tests;

/// <summary>The test assembly as a program: the processes that tests start, freeze and kill.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] arguments) => arguments switch
    {
        ["availability", ..] => await LiveDirectorProgram.Run(arguments),
        ["cluster", ..] => await ClusterProgram.Run(arguments),
        _ => 2,
    };
}
