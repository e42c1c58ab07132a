using System.Diagnostics;
using System.Globalization;
using Akka.Actor;
using Compat.Tests.AkkaCluster;

namespace Compat.Tests.AkkaClusterSharding;

/// <summary>This assembly run as a program: a <see cref="ShardedSystem"/> of its own that joins at once, to be killed.</summary>
internal static class ShardedProgram
{
    /// <summary>Begins the line that tells its address; others are the log's.</summary>
    public const string Listening = "listening on ";

    public static async Task<int> Run(string port, string seed)
    {
        var system = new ShardedSystem(port: int.Parse(port, CultureInfo.InvariantCulture));
        system.Node.Cluster.Join(seed.Length == 0 ? system.Node.Address : Address.Parse(seed));
        system.Start();
        Console.WriteLine($"{Listening}{system.Node.Address}");

        // Ends with the test that started it.
        await Console.In.ReadToEndAsync();
        return 0;
    }
}

/// <summary>A running <see cref="ShardedProgram"/>.</summary>
internal sealed class ShardedProcess : IDisposable
{
    private readonly Process _process;

    private ShardedProcess(Process process, Address address)
    {
        _process = process;
        Address = address;
    }

    public Address Address { get; }

    /// <summary>Starts one on a port, 0 for a free one, and waits until it listens. Without a seed it is the first of a cluster.</summary>
    public static async Task<ShardedProcess> Start(int port = 0, Address? seed = null)
    {
        var process = Process.Start(new ProcessStartInfo("dotnet", ["exec", typeof(ShardedProgram).Assembly.Location, "shards", port.ToString(CultureInfo.InvariantCulture), $"{seed}"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        var address = new TaskCompletionSource<Address>(TaskCreationOptions.RunContinuationsAsynchronously);
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                address.TrySetException(new InvalidOperationException("the program ended before it listened"));
            }
            else if (line.Data.StartsWith(ShardedProgram.Listening, StringComparison.Ordinal))
            {
                address.TrySetResult(global::Akka.Actor.Address.Parse(line.Data[ShardedProgram.Listening.Length..]));
            }
        };
        process.BeginOutputReadLine();
        try
        {
            return new ShardedProcess(process, await address.Task.WaitAsync(ClusterSystem.Patience));
        }
        catch
        {
            process.Kill();
            process.Dispose();
            throw;
        }
    }

    /// <summary>With SIGKILL.</summary>
    public async Task Kill()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        _process.Dispose();
    }
}
