using System.Diagnostics;
using System.Globalization;
using Akka.Actor;
using Akka.Cluster;

namespace Compat.Tests.AkkaCluster;

/// <summary>A cluster's node as a process. It joins through the seed, "" for itself, at once, says what it sees when that changes, and takes orders on its input until that ends.</summary>
internal static class NodeProgram
{
    public static async Task<int> Run(string port, string seed)
    {
        var node = new ClusterSystem(EagerDowning.Configuration, int.Parse(port, CultureInfo.InvariantCulture));
        node.Cluster.Join(seed.Length == 0 ? node.Address : Address.Parse(seed));
        // A thread of its own: reading blocks.
        new Thread(() => Obey(node)) { IsBackground = true }.Start();
        var said = "";
        while (!node.System.WhenTerminated.IsCompleted)
        {
            var view = $"{node.Address} {string.Join(",", node.Members.Where(member => member.Status == MemberStatus.Up).Select(member => member.Address.Port))}";
            if (view != said)
            {
                Console.WriteLine(said = view);
            }

            await Task.WhenAny(node.System.WhenTerminated, Task.Delay(20));
        }

        return 0;
    }

    private static void Obey(ClusterSystem node)
    {
        while (Console.In.ReadLine() is { } order)
        {
            if (order == "leave")
            {
                node.Cluster.Leave(node.Address);
            }
        }

        // Whoever started it has gone.
        Environment.Exit(3);
    }
}

/// <summary>A running <see cref="NodeProgram"/>.</summary>
internal sealed class NodeProcess : IDisposable
{
    private readonly Process _process;
    private volatile string[] _said = ["", ""];

    public NodeProcess(int port = 0, string seed = "")
    {
        var dotnet = Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";
        _process = new Process
        {
            StartInfo = new ProcessStartInfo(dotnet, [typeof(NodeProgram).Assembly.Location, "node", port.ToString(CultureInfo.InvariantCulture), seed])
            {
                RedirectStandardInput = true, RedirectStandardOutput = true,
            },
        };
        _process.OutputDataReceived += (_, line) => _said = line.Data?.Split(' ') ?? _said;
        _process.Start();
        _process.BeginOutputReadLine();
    }

    /// <summary>Empty until it is up and running.</summary>
    public string Address => _said[0];

    public int Port => global::Akka.Actor.Address.Parse(Address).Port!.Value;

    /// <summary>The ports of the members that it sees Up.</summary>
    public int[] Up => [.. _said[1].Split(',', StringSplitOptions.RemoveEmptyEntries).Select(port => int.Parse(port, CultureInfo.InvariantCulture))];

    public bool HasEnded => _process.HasExited;

    public void Leave() => _process.StandardInput.WriteLine("leave");

    public void Kill() => _process.Kill();

    public void Pause() => Signal("STOP");

    public void Continue() => Signal("CONT");

    /// <summary>The exit code.</summary>
    public async Task<int> End()
    {
        await _process.WaitForExitAsync().WaitAsync(ClusterSystem.Patience);
        return _process.ExitCode;
    }

    public void Dispose()
    {
        _process.Kill();
        _process.Dispose();
    }

    public override string ToString() => string.Join(" sees ", _said) + (HasEnded ? " (ended)" : "");

    private void Signal(string name)
    {
        using var kill = Process.Start("kill", [$"-{name}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        kill.WaitForExit();
        Xunit.Assert.Equal(0, kill.ExitCode);
    }
}
