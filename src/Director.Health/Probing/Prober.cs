namespace Director.Health.Probing;

/// <summary>Runs any number of probes. Members may be called from any thread.</summary>
public sealed class Prober : IDisposable
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _clock;
    private readonly Random _random;
    private readonly Action<ProbeOrder, ProbeState> _told;
    private readonly Dictionary<string, Probe> _probes = [];
    private long _answers;
    private long _longestLate;

    /// <param name="clock">The time.</param>
    /// <param name="random">Where in its interval a probe begins.</param>
    /// <param name="told">
    /// Takes the order and the state after each answer; called from any thread, never two at once for one probe, but perhaps a moment after <see cref="Set"/> has replaced it. It must not throw: a probe whose answers are not taken ends.
    /// </param>
    public Prober(TimeProvider clock, Random random, Action<ProbeOrder, ProbeState> told)
    {
        _clock = clock;
        _random = random;
        _told = told;
    }

    /// <summary>Probes under way.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _probes.Count;
            }
        }
    }

    /// <summary>Answers since the start.</summary>
    public long Answers => Interlocked.Read(ref _answers);

    /// <summary>By how much a question was late at most, since the last call.</summary>
    public TimeSpan TakeLongestLate() => new(Interlocked.Exchange(ref _longestLate, 0));

    /// <summary>
    /// From now on these are probed. What was probed before, the same way, goes on undisturbed; what is new begins at a random point of its interval, so that a thousand do not ask at once.
    /// </summary>
    /// <param name="orders">What to probe; names are unique.</param>
    /// <param name="known">What is known of one that is new.</param>
    public void Set(IReadOnlyCollection<ProbeOrder> orders, Func<string, ProbeState> known)
    {
        ArgumentNullException.ThrowIfNull(orders);
        ArgumentNullException.ThrowIfNull(known);
        lock (_lock)
        {
            var wanted = orders.ToDictionary(order => order.Name);
            foreach (var (name, probe) in _probes.ToArray())
            {
                if (!wanted.TryGetValue(name, out var order) || order != probe.Order)
                {
                    probe.Dispose();
                    _probes.Remove(name);
                }
            }

            foreach (var order in orders)
            {
                if (!_probes.ContainsKey(order.Name))
                {
                    // The first verdict of one of which nothing is known is waited for: within a second.
                    var state = known(order.Name);
                    var within = state.Verdict == Verdict.Unknown && order.Timing.Interval > TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : order.Timing.Interval;
                    _probes[order.Name] = new Probe(order, state, within * _random.NextDouble(), _clock, Told);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Set([], _ => ProbeState.Start);

    private void Told(Probe probe, ProbeState state, TimeSpan late)
    {
        Interlocked.Increment(ref _answers);
        long longest;
        while (late.Ticks > (longest = Interlocked.Read(ref _longestLate)) && Interlocked.CompareExchange(ref _longestLate, late.Ticks, longest) != longest)
        {
            // Another probe was faster; is it later, too?
        }

        lock (_lock)
        {
            if (!_probes.TryGetValue(probe.Order.Name, out var current) || current != probe)
            {
                return;
            }
        }

        _told(probe.Order, state);
    }
}
