using Director.Configuration;
using Director.Health.Feedback;

namespace Director.Agent;

/// <summary>Measures one kind of load again and again. <see cref="Latest"/> may be read from any thread.</summary>
/// <param name="load">What it is.</param>
/// <param name="interval">Between two measurements.</param>
/// <param name="read">Reads a file; null where it cannot.</param>
/// <param name="log">Takes lines.</param>
internal sealed class LoadSource(LoadConfiguration load, TimeSpan interval, Func<string, string?> read, Action<string> log)
{
    private ProcessorTimes? _before;
    private AgentAnswer _latest = new();
    private string _complaint = "";
    private bool _hasSpoken;

    /// <summary>What the last measurement says; nothing where there was none, or none succeeded.</summary>
    public AgentAnswer Latest => Volatile.Read(ref _latest);

    /// <summary>Measures until cancelled.</summary>
    public async Task Run(CancellationToken stop)
    {
        _before = Processors();
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await Task.Delay(interval, stop);
                Volatile.Write(ref _latest, await Measure(stop));
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Measures once. Of several measures the highest load counts.</summary>
    public async Task<AgentAnswer> Measure(CancellationToken stop)
    {
        AgentAnswer said = new();
        List<int> percents = [];
        foreach (LoadMeasure measure in load.Measure)
        {
            AgentAnswer answer = measure == LoadMeasure.Script ? await Ask(stop) : new() { Percent = Number(measure) is { } number ? AgentLoad.Percent(number) : null };
            if (answer.Percent is { } percent)
                percents.Add(percent);
            said = said with { Wanted = answer.Wanted ?? said.Wanted, IsUp = answer.IsUp ?? said.IsUp, Remark = answer.Remark.Length > 0 ? answer.Remark : said.Remark };
        }

        // Who said drain and says it no more means ready: what is not mentioned would stay.
        _hasSpoken |= said.Wanted is not null || said.IsUp is not null;
        return said with
        {
            Percent = percents.Count > 0 ? percents.Min() : null,
            Wanted = said.Wanted ?? (_hasSpoken ? ReportedState.Ready : null),
            IsUp = said.IsUp ?? (_hasSpoken ? true : null),
        };
    }

    private double? Number(LoadMeasure measure) => measure switch
    {
        LoadMeasure.Cpu => Processor(),
        LoadMeasure.LoadAverage => read("/proc/loadavg") is { } text ? HostLoad.LoadAverage(text, Environment.ProcessorCount) : null,
        _ => read("/proc/meminfo") is { } text ? HostLoad.Memory(text) : null,
    };

    private double? Processor()
    {
        ProcessorTimes? now = Processors();
        double? since = _before is { } before ? now?.LoadSince(before) : null;
        _before = now;
        return since;
    }

    private ProcessorTimes? Processors() => read("/proc/stat") is { } text ? ProcessorTimes.Parse(text) : null;

    private async Task<AgentAnswer> Ask(CancellationToken stop)
    {
        (AgentAnswer? answer, string failure) = await LoadScript.Run(load.Script, load.ScriptTimeout, stop);
        if (failure != _complaint)
        {
            _complaint = failure;
            log(failure.Length > 0 ? $"warning: script '{load.Script}' {failure}; without a load directors go back to the configured weight" : $"script '{load.Script}' works again");
        }

        return answer ?? new();
    }
}
