using Akka.Configuration;
using Akka.Event;

namespace Akka.Remote;

/// <summary>
/// Suspects a resource the more, the less likely it is that its next heartbeat is still to come: phi = -log10 of that likelihood, under a normal distribution of the intervals seen.
/// After N. Hayashibara et al., 'The phi accrual failure detector' (2004).
/// </summary>
public class PhiAccrualFailureDetector : FailureDetector
{
    private readonly double _threshold;
    private readonly int _maxSampleSize;
    private readonly double _minStdDeviationMilliseconds;
    private readonly double _acceptablePauseMilliseconds;
    private readonly Clock _clock;
    private readonly Queue<double> _intervals = new();
    private double _sum;
    private double _sumOfSquares;
    private long? _lastHeartbeat;

    public PhiAccrualFailureDetector(
        double threshold, int maxSampleSize, TimeSpan minStdDeviation, TimeSpan acceptableHeartbeatPause, TimeSpan firstHeartbeatEstimate, Clock clock = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxSampleSize);
        _threshold = threshold;
        _maxSampleSize = maxSampleSize;
        _minStdDeviationMilliseconds = minStdDeviation.TotalMilliseconds;
        _acceptablePauseMilliseconds = acceptableHeartbeatPause.TotalMilliseconds;
        _clock = clock ?? DefaultClock;

        // Two intervals a quarter of the estimate beside it: the history begins with the estimate as mean and a high deviation.
        var mean = firstHeartbeatEstimate.TotalMilliseconds;
        AddInterval(mean - (mean / 4));
        AddInterval(mean + (mean / 4));
    }

    public PhiAccrualFailureDetector(Config config, EventStream ev)
        : this(
            config.GetDouble("threshold"),
            config.GetInt("max-sample-size"),
            config.GetTimeSpan("min-std-deviation"),
            config.GetTimeSpan("acceptable-heartbeat-pause"),
            config.GetTimeSpan("heartbeat-interval"))
    {
    }

    /// <summary>What is monitored, for the log.</summary>
    public string Address { get; set; } = "N/A";

    public override bool IsAvailable => PhiAt(_clock()) < _threshold;

    public override bool IsMonitoring => _lastHeartbeat is not null;

    public override void HeartBeat()
    {
        var now = _clock();
        if (_lastHeartbeat is { } last && PhiAt(now) < _threshold)
        {
            // The interval of a pause that made it suspect would make the detector blind to the next.
            AddInterval(now - last);
        }

        _lastHeartbeat = now;
    }

    private static double Phi(double elapsed, double mean, double deviation)
    {
        // The logistic approximation of the normal distribution's cumulative function.
        var y = (elapsed - mean) / deviation;
        var e = Math.Exp(-y * (1.5976 + (0.070566 * y * y)));
        return elapsed > mean ? -Math.Log10(e / (1 + e)) : -Math.Log10(1 - (1 / (1 + e)));
    }

    private double PhiAt(long now)
    {
        if (_lastHeartbeat is not { } last)
        {
            return 0;
        }

        var mean = _sum / _intervals.Count;
        var deviation = Math.Sqrt(Math.Max((_sumOfSquares / _intervals.Count) - (mean * mean), 0));
        return Phi(now - last, mean + _acceptablePauseMilliseconds, Math.Max(deviation, _minStdDeviationMilliseconds));
    }

    private void AddInterval(double milliseconds)
    {
        if (_intervals.Count == _maxSampleSize)
        {
            var oldest = _intervals.Dequeue();
            _sum -= oldest;
            _sumOfSquares -= oldest * oldest;
        }

        _intervals.Enqueue(milliseconds);
        _sum += milliseconds;
        _sumOfSquares += milliseconds * milliseconds;
    }
}
