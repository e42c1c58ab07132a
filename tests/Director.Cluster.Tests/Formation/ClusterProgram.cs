using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using Director.Cluster.Formation;
using Director.Configuration;

namespace Director.Cluster.Tests.Formation;

/// <summary>A process that is a member of a cluster and nothing else: <c>cluster ADDRESS SEEDS CERTIFICATE KEY AUTHORITY</c>. It writes its log and ends when its input does.</summary>
internal static class ClusterProgram
{
    public static async Task<int> Run(string[] arguments)
    {
        if (arguments is not [_, var address, var seeds, var certificate, var key, var authority])
        {
            return 2;
        }

        ClusterConfiguration cluster = new() { Hostname = address, Seeds = [.. seeds.Split(',')], Certificate = certificate, PrivateKey = key, Authority = authority, SeedWait = TimeSpan.FromSeconds(30) };
        await using (ClusterSystem.Start(cluster, "", null, static _ => { }, Console.WriteLine))
        {
            await Console.In.ReadToEndAsync();
        }

        return 0;
    }
}

/// <summary>Such a process.</summary>
internal sealed class ClusterProcess : IDisposable
{
    private readonly Process _process;

    public ClusterProcess(ClusterConfiguration cluster)
    {
        _process = Process.Start(new ProcessStartInfo(
            "dotnet",
            ["exec", typeof(ClusterProgram).Assembly.Location, "cluster", cluster.Hostname, string.Join(',', cluster.Seeds.AsEnumerable()), cluster.Certificate, cluster.PrivateKey, cluster.Authority])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        _process.OutputDataReceived += (_, line) => Log.Enqueue(line.Data ?? "");
        _process.BeginOutputReadLine();
    }

    public ConcurrentQueue<string> Log { get; } = new();

    /// <summary>Sends a signal such as <c>KILL</c>, <c>STOP</c> or <c>CONT</c>.</summary>
    public async Task Signal(string signal)
    {
        using var kill = Process.Start("kill", [$"-{signal}", _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
    }

    public void Dispose()
    {
        // Also a stopped process dies of it.
        _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
    }
}
