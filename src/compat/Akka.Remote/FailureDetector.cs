using System.Collections.Concurrent;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Remote;

/// <summary>Milliseconds that only go forward.</summary>
public delegate long Clock();

/// <summary>Judges from the heartbeats of a resource whether it is alive. Touched by one thread at a time.</summary>
public abstract class FailureDetector
{
    public static readonly Clock DefaultClock = () => Environment.TickCount64;

    public abstract bool IsAvailable { get; }

    /// <summary>Whether a heartbeat has come.</summary>
    public abstract bool IsMonitoring { get; }

    public abstract void HeartBeat();
}

/// <summary>Available for a set time after each heartbeat, and before the first.</summary>
public class DeadlineFailureDetector : FailureDetector
{
    private readonly Clock _clock;
    private readonly long _deadlineMilliseconds;
    private long? _lastHeartbeat;

    public DeadlineFailureDetector(TimeSpan acceptableHeartbeatPause, TimeSpan heartbeatInterval, Clock clock = null)
    {
        _clock = clock ?? DefaultClock;
        _deadlineMilliseconds = (long)(acceptableHeartbeatPause + heartbeatInterval).TotalMilliseconds;
    }

    public DeadlineFailureDetector(Config config, EventStream eventStream)
        : this(config.GetTimeSpan("acceptable-heartbeat-pause"), config.GetTimeSpan("heartbeat-interval"))
    {
    }

    public override bool IsAvailable => _lastHeartbeat is not { } last || _clock() - last < _deadlineMilliseconds;

    public override bool IsMonitoring => _lastHeartbeat is not null;

    public override void HeartBeat() => _lastHeartbeat = _clock();
}

public interface IFailureDetectorRegistry<T>
{
    /// <summary>True also for a resource that was never heard of.</summary>
    bool IsAvailable(T resource);

    bool IsMonitoring(T resource);

    void Heartbeat(T resource);

    void Remove(T resource);

    void Reset();
}

/// <summary>A failure detector for each resource, made at its first heartbeat.</summary>
public class DefaultFailureDetectorRegistry<T> : IFailureDetectorRegistry<T>
{
    private readonly Func<FailureDetector> _factory;
    private readonly ConcurrentDictionary<T, FailureDetector> _detectors = new();

    public DefaultFailureDetectorRegistry(Func<FailureDetector> factory) => _factory = factory;

    public bool IsAvailable(T resource) => Find(resource) is not { } detector || Locked(detector, one => one.IsAvailable);

    public bool IsMonitoring(T resource) => Find(resource) is { } detector && Locked(detector, one => one.IsMonitoring);

    public void Heartbeat(T resource) => Locked(_detectors.GetOrAdd(resource, _ => _factory()), detector =>
    {
        detector.HeartBeat();
        return true;
    });

    public void Remove(T resource) => _detectors.TryRemove(resource, out _);

    public void Reset() => _detectors.Clear();

    private FailureDetector Find(T resource) => _detectors.TryGetValue(resource, out var detector) ? detector : null;

    private static bool Locked(FailureDetector detector, Func<FailureDetector, bool> ask)
    {
        lock (detector)
        {
            return ask(detector);
        }
    }
}

public static class FailureDetectorLoader
{
    /// <summary>Makes a failure detector of a class that has a constructor with a <see cref="Config"/> and an <see cref="EventStream"/>.</summary>
    public static FailureDetector Load(string fqcn, Config config, ActorSystem system)
    {
        var type = Type.GetType(fqcn, throwOnError: false) ?? throw new ConfigurationException($"Could not find the failure detector [{fqcn}]");
        return (FailureDetector)Activator.CreateInstance(type, config, system.EventStream);
    }
}
