using Compat.Tests.AkkaCluster;
using Compat.Tests.AkkaClusterSharding;
using Compat.Tests.AkkaRemote;

namespace Compat.Tests;

/// <summary>This assembly run as a program: the processes that tests start, and kill.</summary>
internal static class Program
{
    public static async Task<int> Main(string[] arguments)
    {
        switch (arguments)
        {
            case ["echo", var port]:
                return await EchoProgram.Run(port);
            case ["node", var port, var seed]:
                return await NodeProgram.Run(port, seed);
            case ["shards", var port, var seed]:
                return await ShardedProgram.Run(port, seed);
            default:
                await Console.Error.WriteLineAsync("usage: echo PORT | node PORT SEED | shards PORT SEED (the tests run with 'dotnet test')");
                return 2;
        }
    }
}
