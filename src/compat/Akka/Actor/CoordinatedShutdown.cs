using Akka.Configuration;
using Akka.Event;

namespace Akka.Actor;

/// <summary>Stops a system in phases, each with tasks that run side by side, in the order of <c>akka.coordinated-shutdown.phases</c>.</summary>
public sealed class CoordinatedShutdown : IExtension
{
    public const string PhaseBeforeServiceUnbind = "before-service-unbind";
    public const string PhaseServiceUnbind = "service-unbind";
    public const string PhaseServiceRequestsDone = "service-requests-done";
    public const string PhaseServiceStop = "service-stop";
    public const string PhaseBeforeClusterShutdown = "before-cluster-shutdown";
    public const string PhaseClusterShardingShutdownRegion = "cluster-sharding-shutdown-region";
    public const string PhaseClusterLeave = "cluster-leave";
    public const string PhaseClusterExiting = "cluster-exiting";
    public const string PhaseClusterExitingDone = "cluster-exiting-done";
    public const string PhaseClusterShutdown = "cluster-shutdown";
    public const string PhaseBeforeActorSystemTerminate = "before-actor-system-terminate";
    public const string PhaseActorSystemTerminate = "actor-system-terminate";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<(string Name, Func<Task<Done>> Run)>> _tasks = [];
    private readonly Dictionary<string, Phase> _phases = [];
    private readonly string[] _order;
    private Task<Done> _run;

    internal CoordinatedShutdown(ExtendedActorSystem system)
    {
        System = system;
        var config = system.Settings.Config.GetConfig("akka.coordinated-shutdown");
        foreach (var name in config.GetConfig("phases").Keys)
        {
            var phase = config.GetConfig("phases").GetConfig(name);
            _phases.Add(name, new Phase(
                phase.GetTimeSpan("timeout", config.GetTimeSpan("default-phase-timeout")),
                phase.GetBoolean("recover", true),
                phase.GetBoolean("enabled", true),
                [.. phase.GetStringList("depends-on")]));
        }

        _order = InOrder();
        if (config.GetBoolean("terminate-actor-system"))
        {
            AddTask(PhaseActorSystemTerminate, "terminate-system", async () =>
            {
                ((ActorSystemImpl)System).FinalTerminate();
                await System.WhenTerminated.ConfigureAwait(false);
                if (config.GetBoolean("exit-clr"))
                {
                    // Not waited for: the process's exit hooks may wait for this run.
                    _ = Task.Run(() => Environment.Exit(0));
                }

                return Done.Instance;
            });
        }

        if (config.GetBoolean("run-by-clr-shutdown-hook"))
        {
            EventHandler hook = (_, _) => Run(ClrExitReason.Instance).Wait(TotalTimeout);
            AppDomain.CurrentDomain.ProcessExit += hook;
            system.RegisterOnTermination(() => AppDomain.CurrentDomain.ProcessExit -= hook);
        }
    }

    public ExtendedActorSystem System { get; }

    public Reason ShutdownReason { get; private set; }

    public TimeSpan TotalTimeout => _order.Aggregate(TimeSpan.Zero, (total, phase) => total + Timeout(phase));

    public static CoordinatedShutdown Get(ActorSystem sys) => new CoordinatedShutdownExtension().Get(sys);

    public void AddTask(string phase, string taskName, Func<Task<Done>> task)
    {
        if (!_phases.ContainsKey(phase))
        {
            throw new ConfigurationException($"Unknown phase [{phase}], known phases [{string.Join(",", _phases.Keys)}]. All phases (along with their optional dependencies) must be defined in configuration");
        }

        if (string.IsNullOrEmpty(taskName))
        {
            throw new ArgumentException("Set a task name when adding tasks to the Coordinated Shutdown. Try to use unique, self-explanatory names", nameof(taskName));
        }

        lock (_lock)
        {
            if (!_tasks.TryGetValue(phase, out var tasks))
            {
                _tasks.Add(phase, tasks = []);
            }

            tasks.Add((taskName, task));
        }
    }

    /// <summary>Runs the phases, from the first or from <paramref name="fromPhase"/> on; once: later calls get the same run.</summary>
    public Task<Done> Run(Reason reason, string fromPhase = null)
    {
        lock (_lock)
        {
            if (_run is null)
            {
                ShutdownReason = reason;
                var first = fromPhase is null ? 0 : Array.IndexOf(_order, fromPhase);
                _run = Task.Run(() => RunPhases(_order.AsMemory(Math.Max(first, 0))));
            }

            return _run;
        }
    }

    public TimeSpan Timeout(string phase) =>
        _phases.TryGetValue(phase, out var found) ? found.Timeout : throw new ArgumentException($"Unknown phase [{phase}].", nameof(phase));

    private async Task<Done> RunPhases(ReadOnlyMemory<string> order)
    {
        for (var i = 0; i < order.Length; i++)
        {
            var name = order.Span[i];
            var phase = _phases[name];
            (string Name, Func<Task<Done>> Run)[] tasks;
            lock (_lock)
            {
                tasks = _tasks.TryGetValue(name, out var found) && phase.Enabled ? [.. found] : [];
            }

            if (tasks.Length > 0)
            {
                await RunPhase(name, phase, tasks).ConfigureAwait(false);
            }
        }

        return Done.Instance;
    }

    private async Task RunPhase(string name, Phase phase, (string Name, Func<Task<Done>> Run)[] tasks)
    {
        try
        {
            await Task.WhenAll(tasks.Select(task => RunTask(name, phase, task.Name, task.Run))).WaitAsync(phase.Timeout).ConfigureAwait(false);
        }
        catch (TimeoutException) when (phase.Recover)
        {
            System.Log.Warning("Coordinated shutdown phase [{0}] timed out after {1}", name, phase.Timeout);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Coordinated shutdown phase [{name}] timed out after {phase.Timeout}");
        }
    }

    private async Task RunTask(string phaseName, Phase phase, string name, Func<Task<Done>> run)
    {
        // Not inline: a task that blocks must not hold up the others of its phase.
        await Task.Yield();
        try
        {
            await run().ConfigureAwait(false);
        }
        catch (Exception cause) when (phase.Recover)
        {
            System.Log.Warning("Task [{0}] failed in phase [{1}]: {2}", name, phaseName, cause.Message);
        }
    }

    private string[] InOrder()
    {
        var order = new List<string>();
        var visiting = new HashSet<string>();
        foreach (var name in _phases.Keys)
        {
            Visit(name);
        }

        return [.. order];

        void Visit(string name)
        {
            if (order.Contains(name))
            {
                return;
            }

            if (!visiting.Add(name))
            {
                throw new ArgumentException($"Cycle detected in graph of phases. It must be a DAG. phase [{name}] depends transitively on itself.");
            }

            if (_phases.TryGetValue(name, out var phase))
            {
                foreach (var dependency in phase.DependsOn)
                {
                    Visit(dependency);
                }

                order.Add(name);
            }
        }
    }

    private sealed record Phase(TimeSpan Timeout, bool Recover, bool Enabled, string[] DependsOn);

    public class Reason
    {
        protected Reason()
        {
        }

        public override string ToString() => GetType().Name;
    }

    public class UnknownReason : Reason
    {
        public static readonly Reason Instance = new UnknownReason();

        private UnknownReason()
        {
        }
    }

    public class ActorSystemTerminateReason : Reason
    {
        public static readonly Reason Instance = new ActorSystemTerminateReason();

        private ActorSystemTerminateReason()
        {
        }
    }

    public class ClusterDowningReason : Reason
    {
        public static readonly Reason Instance = new ClusterDowningReason();

        private ClusterDowningReason()
        {
        }
    }

    public class ClusterLeavingReason : Reason
    {
        public static readonly Reason Instance = new ClusterLeavingReason();

        private ClusterLeavingReason()
        {
        }
    }

    public class ClusterJoinUnsuccessfulReason : Reason
    {
        public static readonly Reason Instance = new ClusterJoinUnsuccessfulReason();

        private ClusterJoinUnsuccessfulReason()
        {
        }
    }

    public class ClrExitReason : Reason
    {
        public static readonly Reason Instance = new ClrExitReason();

        private ClrExitReason()
        {
        }
    }
}

public sealed class CoordinatedShutdownExtension : ExtensionIdProvider<CoordinatedShutdown>
{
    public override CoordinatedShutdown CreateExtension(ExtendedActorSystem system) => new(system);
}
