using System.Globalization;
using Director.Lab.Load;
using Director.Lab.Witness;

namespace Director.Lab.Demonstration;

/// <summary>What the user of <c>director lab</c> sees. Live figures are redrawn in place on a terminal, and a line a second elsewhere.</summary>
/// <param name="output">Where to.</param>
/// <param name="isTerminal">Whether it understands escape sequences.</param>
public sealed class Screen(TextWriter output, bool isTerminal)
{
    private const string EraseLine = "\r\e[K";
    private int _step;
    private bool _isLive;
    private int _secondsShown;
    private LoadFigures _before = new();

    internal void Say(string text)
    {
        if (_isLive)
        {
            output.WriteLine();
            _isLive = false;
        }

        output.WriteLine(text);
    }

    internal void Step(string what) => Say($"[{++_step}] {what}");

    internal void Show(LoadFigures figures)
    {
        if (!isTerminal && (int)figures.Seconds <= _secondsShown)
        {
            return;
        }

        double passed = figures.Seconds - _before.Seconds;
        double rate = passed > 0 ? (figures.Answered - _before.Answered) / passed : 0;
        string line = Invariant(
            $"{figures.Seconds,7:0.0} s {rate,9:n0} requests/s {figures.Answered,11:n0} answered {figures.Failed,5:n0} failed {figures.Open,5:n0} open   {Shares(figures)}");
        output.Write(isTerminal ? EraseLine + line : line + Environment.NewLine);
        output.Flush();
        _isLive = isTerminal;
        _secondsShown = (int)figures.Seconds;
        _before = figures;
    }

    internal void Show(LabResult result)
    {
        LoadFigures figures = result.Figures;
        Say(figures is { Failed: 0, Answered: > 0 } ? "\nEvery request was answered." : figures.Answered == 0 ? "\nNo request was answered." : "\nSome requests were not answered.");
        if (result.Failover is { } failover)
        {
            Show(failover);
        }

        Say(Invariant($"  requests  {figures.Answered:n0} answered ({figures.Answered / Math.Max(figures.Seconds, 0.001):n0} a second), {figures.Failed:n0} failed"));
        foreach ((string reason, long count) in figures.Failures)
        {
            Say(Invariant($"              {count:n0}: {reason}"));
        }

        if (figures.Answered == 0)
        {
            return;
        }

        Say(Invariant($"  latency   median {figures.Median:0.0} ms, 99 % {figures.Percentile99:0.0} ms, longest {figures.Longest:0.0} ms"));
        Say(figures.Disguised == 0
            ? "  clients   the real servers saw every client's own address"
            : Invariant($"  clients   {figures.Disguised:n0} requests reached the real server under another address than the client's"));
        Say($"  shares    {result.Options.Scheduler}: {result.Expected.Words}");
        for (int number = 0; number < result.Options.Weights.Count; number++)
        {
            string name = $"rs{number + 1}";
            string expected = result.Expected.Shares is { } shares ? Invariant($"  expected {shares[number],6:0.0%}") : "";
            Say(Invariant($"              {name}  weight {result.Options.Weights[number],3} {figures.Share(name),7:0.0%}{expected}"));
        }
    }

    private void Show(FailoverFigures failover)
    {
        WitnessFigures seen = failover.Seen;
        bool isWhole = seen is { Broken: 0, Refused: 0 };
        Say(isWhole
            ? Invariant($"{failover.Killed} was killed and came back: of {failover.Streams} open connections none broke, of {seen.Answered:n0} new ones none was refused.")
            : Invariant($"{failover.Killed} was killed and came back: of {failover.Streams} open connections {seen.Broken:n0} broke, of {seen.Answered + seen.Refused:n0} new ones {seen.Refused:n0} failed."));
        foreach ((string reason, long count) in seen.Reasons)
        {
            Say(Invariant($"              {count:n0}: {reason}"));
        }

        Say(Invariant($"  stall     UDP, a datagram each 5 ms: {seen.ProbeGap:0} ms without an answer"));
        Say(Invariant($"            longest silence of an open connection {seen.LongestStall:0} ms (it carries something each 200 ms)"));
        Say(Invariant($"            slowest new connection {seen.SlowestNew:0} ms (a client sends its SYN again after a second)"));
    }

    private static string Shares(LoadFigures figures) =>
        string.Join("  ", figures.RealServers.Select(server => Invariant($"{server.Key} {figures.Share(server.Key):0%}")));

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
