using System.Diagnostics;
using Xunit;
using Xunit.Abstractions;

namespace Director.Cluster.Tests.Availability;

/// <summary>It takes all processors, so no other test runs beside it.</summary>
[CollectionDefinition(nameof(FullLoadTests), DisableParallelization = true)]
[Collection(nameof(FullLoadTests))]
public sealed class FullLoadTests(ITestOutputHelper output)
{
    [SkippableFact]
    public void Full_load_on_all_cores_makes_nobody_look_dead()
    {
        using var cluster = new LiveCluster(2, hasSeeds: true);
        var holder = cluster.Holder();
        cluster.Eventually(() => cluster.Directors.All(director => director.Says(" hears d")), "both hear each other");
        using var load = Process.Start("/bin/sh", ["-c", $"for i in $(seq {4 * Environment.ProcessorCount}); do timeout 10 sh -c 'while :; do :; done' & done; wait"]);
        load.WaitForExit();
        Assert.Equal([holder], cluster.Answering);
        Assert.DoesNotContain(cluster.Directors, director => director.Says("is dead") || director.Says("stood still"));
        foreach (var director in cluster.Directors)
            director.Stop();
        cluster.Eventually(() => cluster.Directors.All(director => director.Says("ended")), "both end");
        foreach (var director in cluster.Directors)
            output.WriteLine(director.Lines.First(line => line.Contains("report", StringComparison.Ordinal)));
    }
}
