using System.Globalization;
using BenchmarkDotNet.Running;
using Director.Benchmarks;
using Director.Benchmarks.Comparison;

// 'synchronisation' measures the copying of connections between two directors in this process, over loopback.
if (args is ["synchronisation"])
{
    SynchronisationFigures.Print();
    return;
}

// 'lab [rounds] [seconds]' compares whole directors with their peers, 'failover [rounds]' what the death of one costs, both as root; everything else goes to BenchmarkDotNet.
if (args is ["lab", .. var more])
{
    LabComparison.Run(
        more.Length > 0 ? int.Parse(more[0], CultureInfo.InvariantCulture) : 3,
        more.Length > 1 ? double.Parse(more[1], CultureInfo.InvariantCulture) : 4);
    return;
}

// 'feedback [seconds] [schedulers]' shows what agents on real servers change when one of them has something else to do, as root.
if (args is ["feedback", .. var duration])
{
    FeedbackExperiment.Run(duration.Length > 0 ? double.Parse(duration[0], CultureInfo.InvariantCulture) : 20, duration.Length > 1 ? duration[1..] : ["wrr", "wlc"]);
    return;
}

// 'setups [rounds] [seconds]' is what telling a standby of every new connection costs, as root.
if (args is ["setups", .. var often])
{
    SetUpComparison.Run(
        often.Length > 0 ? int.Parse(often[0], CultureInfo.InvariantCulture) : 3,
        often.Length > 1 ? double.Parse(often[1], CultureInfo.InvariantCulture) : 4);
    return;
}

if (args is ["failover", .. var rounds])
{
    FailoverComparison.Run(rounds.Length > 0 ? int.Parse(rounds[0], CultureInfo.InvariantCulture) : 3);
    return;
}

// 'health [seconds]' is what checking 1,000 real servers costs, and what becomes of that when a director dies; as root.
if (args is ["health", .. var seconds])
{
    HealthCheckFigures.Print(seconds.Length > 0 ? double.Parse(seconds[0], CultureInfo.InvariantCulture) : 30);
    return;
}

BenchmarkSwitcher.FromAssembly(typeof(BenchedForwarder).Assembly).Run(args);
