using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;
using Director.Lab.Witness;

namespace Director.Lab.Demonstration;

/// <summary>The part of <c>director lab</c> in which a director is killed: a third of the time all are there, then one is missing, then it is back.</summary>
/// <param name="lab">The hosts.</param>
/// <param name="plan">The family.</param>
/// <param name="directors">The running directors, in the order of their numbers; the one that is started again takes its place.</param>
/// <param name="screen">Where it says what happens.</param>
internal sealed class DirectorLoss(LabTopology lab, AddressPlan plan, List<LabDirector> directors, Screen screen)
{
    /// <summary>TCP and UDP port of the witness's virtual services.</summary>
    internal const int Port = 7000;

    private const int Streams = 100;

    /// <summary>The services that the witness needs.</summary>
    internal static IEnumerable<string> Services(LabTopology lab, AddressPlan plan) =>
        new[] { "tcp", "udp" }.Select(protocol => new ServiceConfiguration { Name = $"streams-{protocol}", Protocol = protocol, Port = Port }.For(lab, plan));

    /// <summary>Waits until the VIP answers, at most half a minute.</summary>
    internal void WaitForHolder() =>
        directors[0].Process.WaitUntil(() => lab.Client.Try("ping", "-c", "1", "-W", "1", lab.Vip(plan)).ExitCode == 0, TimeSpan.FromSeconds(30), "a director holds the VIP");

    /// <summary>Shows it beside a load of that length.</summary>
    /// <returns>Null when it was stopped before.</returns>
    internal async Task<FailoverFigures?> RunAsync(TimeSpan duration, CancellationToken stop)
    {
        string target = plan.WithPort(lab.Vip(plan), Port);
        using LabWitness witness = LabWitness.Start(
            lab.Client, new(target) { From = lab.ClientAddresses(plan), Streams = Streams, ProbeTarget = target, NewEveryMilliseconds = 20 });
        FailoverFigures? result = null;
        try
        {
            await Task.Delay(duration / 3, stop).ConfigureAwait(false);

            // With a shared MAC nobody is the holder; the first to start is the partition's master.
            int number = Math.Max(lab.Holder(plan), 1);
            witness.BeginPhase();
            directors[number - 1].Process.Signal(Signals.Kill);
            screen.Say($"    director{number} is killed (SIGKILL)");
            await Task.Delay(duration / 3, stop).ConfigureAwait(false);
            result = new($"director{number}", witness.Watch(TimeSpan.FromSeconds(1)), Streams);

            directors[number - 1] = directors[number - 1].StartAgain();
            screen.Say($"    director{number} is back");
            await Task.Delay(duration / 3, stop).ConfigureAwait(false);
        }
        catch (OperationCanceledException)
        {
            // The user has seen enough.
        }

        WitnessFigures last = witness.Watch(TimeSpan.Zero);
        return result is null ? null : result with
        {
            Seen = result.Seen with { Broken = last.Broken, Refused = last.Refused, Reasons = last.Reasons, Open = last.Open },
        };
    }
}
