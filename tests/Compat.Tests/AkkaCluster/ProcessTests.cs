using Xunit;

namespace Compat.Tests.AkkaCluster;

[Collection(ClusterTests.Name)]
public sealed class ProcessTests : IDisposable
{
    private readonly List<NodeProcess> _processes = [];

    public void Dispose() => _processes.ForEach(process => process.Dispose());

    [Fact]
    public async Task Five_processes_of_which_one_is_killed_one_leaves_and_one_is_frozen()
    {
        var first = Start();
        await ClusterSystem.Eventually(() => first.Address.Length > 0, first.ToString);
        NodeProcess[] all = [first, .. Enumerable.Range(0, 4).Select(_ => Start(seed: first.Address))];
        await Agree(all);

        var (killed, leaving, frozen) = (all[1], all[2], all[3]);
        killed.Kill();
        await Agree(first, leaving, frozen, all[4]);

        leaving.Leave();
        Assert.Equal(0, await leaving.End());
        await Agree(first, frozen, all[4]);

        // While it is frozen the others go on without it; awake again, it may think what it likes, it is not let back as if nothing had been.
        frozen.Pause();
        await Agree(first, all[4]);
        frozen.Continue();
        var port = frozen.Port;
        for (var end = DateTime.UtcNow.AddSeconds(3); DateTime.UtcNow < end; await Task.Delay(20))
        {
            Assert.All(new[] { first, all[4] }, process => Assert.Equal(new[] { first.Port, all[4].Port }.Order(), process.Up.Order()));
        }

        // Started again it is; and again if what remoting still remembers of its former self got it downed, as the real package's may.
        frozen.Kill();
        await frozen.End();
        var again = Start(port, first.Address);
        await ClusterSystem.Eventually(
            () =>
            {
                if (again.HasEnded)
                {
                    again = Start(port, first.Address);
                }

                return IsAgreed(first, all[4], again);
            },
            () => string.Join("; ", first, all[4], again));
        Assert.Equal(port, again.Port);
    }

    private static Task Agree(params NodeProcess[] processes) => ClusterSystem.Eventually(() => IsAgreed(processes), () => string.Join("; ", processes.AsEnumerable()));

    /// <summary>Each sees just these up.</summary>
    private static bool IsAgreed(params NodeProcess[] processes) =>
        processes.All(process => process.Address.Length > 0) && processes.All(process => process.Up.ToHashSet().SetEquals(processes.Select(one => one.Port)));

    private NodeProcess Start(int port = 0, string seed = "")
    {
        var process = new NodeProcess(port, seed);
        _processes.Add(process);
        return process;
    }
}
