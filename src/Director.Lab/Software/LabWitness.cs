using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Witness;

namespace Director.Lab.Software;

/// <summary>A running <see cref="Witness.Witness"/> on a host of the lab.</summary>
public sealed class LabWitness : IDisposable
{
    private readonly HostProcess _process;
    private readonly int _streams;
    private volatile WitnessFigures _figures = new();

    private LabWitness(HostProcess process, int streams)
    {
        _process = process;
        _streams = streams;
        process.LineWritten += line => _figures = WitnessFigures.FromJson(line);
    }

    /// <summary>What it has seen, not older than a quarter of a second.</summary>
    public WitnessFigures Figures => _figures;

    /// <summary>Raised for each new figures, on a thread of the pool.</summary>
    public event Action<WitnessFigures>? Seen
    {
        add => _process.LineWritten += line => value!(WitnessFigures.FromJson(line));
        remove => throw new NotSupportedException();
    }

    /// <summary>Starts one and waits until all its streams run.</summary>
    /// <exception cref="LabException">One broke, or not all were open within a minute.</exception>
    public static LabWitness Start(LabHost host, WitnessOptions options)
    {
        LabWitness witness = new(host.Start(DirectorProgram.With("lab", BuiltInPrograms.Witness, options.ToJson())), options.Streams);
        witness._process.WaitUntil(
            () => witness.Figures is var figures && figures.Broken == 0
                ? figures.Open == options.Streams
                : throw new LabException($"streams broke while they were opened: {string.Join(", ", figures.Reasons.Keys)}"),
            TimeSpan.FromMinutes(1),
            $"{options.Streams} streams are open");
        return witness;
    }

    /// <summary>Begins to measure the longest times anew; returns when that has happened.</summary>
    public void BeginPhase()
    {
        int next = Figures.Phase + 1;
        _process.WriteLine("phase");
        _process.WaitUntil(() => Figures.Phase >= next, TimeSpan.FromSeconds(20), "the next phase began");
    }

    /// <summary>Waits until every stream and the probe have run for a while after whatever happened, and returns the figures of the phase.</summary>
    /// <param name="calm">How long the watch goes on.</param>
    public WitnessFigures Watch(TimeSpan calm)
    {
        double end = Figures.Seconds + calm.TotalSeconds;
        _process.WaitUntil(() => Figures.Seconds >= end, calm + TimeSpan.FromSeconds(60), "it has watched long enough");
        return Figures;
    }

    /// <summary>Whether every stream is still open.</summary>
    public bool IsWhole => Figures.Open == _streams && Figures.Broken == 0;

    /// <inheritdoc/>
    public void Dispose() => _process.Dispose();
}
