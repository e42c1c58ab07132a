using System.Collections.Concurrent;
using Akka.Configuration;
using Akka.Event;

namespace Akka.Actor;

/// <summary>The actor system of this process: the guardians <c>/user</c> and <c>/system</c> under the root, and what ends it.</summary>
internal sealed class ActorSystemImpl : ExtendedActorSystem
{
    private readonly ConcurrentDictionary<Type, Lazy<object>> _extensions = new();
    private readonly ConcurrentStack<Action> _onTermination = new();
    private readonly TaskCompletionSource _terminated = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ThreadScheduler _scheduler;
    private readonly LocalActorRef _user;
    private readonly LocalActorRef _system;
    private readonly RootActorPath _rootPath;
    private long _lastTemporary;

    public ActorSystemImpl(string name, Config config)
    {
        if (string.IsNullOrEmpty(name) || !name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_') || name[0] is '-' or '_')
        {
            throw new ArgumentException($"invalid ActorSystem name [{name}], must contain only word characters (i.e. [a-zA-Z0-9] plus non-leading '-' or '_')", nameof(name));
        }

        ArgumentNullException.ThrowIfNull(config);
        Name = name;
        Settings = new Settings(config.WithFallback(ConfigurationFactory.Default()));
        Throughput = Math.Max(Settings.Config.GetInt("akka.actor.default-dispatcher.throughput", 30), 1);
        AskTimeout = Settings.Config.GetTimeSpan("akka.actor.ask-timeout", Timeout.InfiniteTimeSpan);
        _rootPath = new RootActorPath(new Address("akka", name));
        EventStream = new EventStream(debug: false);
        DeadLetterRef = new DeadLetterActorRef(this, _rootPath / "deadLetters");
        _scheduler = new ThreadScheduler($"{name}-scheduler", cause => Log.Error(cause, "a scheduled action failed"));
        Log = new BusLogging(EventStream, $"ActorSystem({name})", typeof(ActorSystem));

        LocalProvider = LocalActorRefProvider.Create(this);
        Root = new LocalActorRef(this, Props.Create(() => new RootGuardian()), new Outside(this, _rootPath), _rootPath);
        Root.SendSystemMessage(new CreateActor());
        _system = (LocalActorRef)Root.Cell.ActorOf(Props.Create(() => new Guardian()), "system");
        _user = (LocalActorRef)Root.Cell.ActorOf(Props.Create(() => new Guardian()), "user");
        Root.Tell(new RootGuardian.Begin(_user, _system), ActorRefs.NoSender);
        Serialization = new Serialization.Serialization(this);
        Loggers.Start(this);
        try
        {
            LocalProvider.Start();
        }
        catch
        {
            FinalTerminate();
            throw;
        }

        CoordinatedShutdown.Get(this);
    }

    public ActorPath RootPath => _rootPath;

    public LocalActorRef Root { get; }

    public DeadLetterActorRef DeadLetterRef { get; }

    /// <summary>Messages that an actor handles before it lets another have the thread.</summary>
    public int Throughput { get; }

    public TimeSpan AskTimeout { get; }

    public LocalActorRefProvider LocalProvider { get; }

    /// <summary>Tells actors that watch actors of another system that it has gone.</summary>
    public AddressTerminatedTopic AddressTerminations { get; } = new();

    public override IActorRefProvider Provider => LocalProvider;

    public override Serialization.Serialization Serialization { get; }

    public override Settings Settings { get; }

    public override string Name { get; }

    public override EventStream EventStream { get; }

    public override IActorRef DeadLetters => DeadLetterRef;

    public override IScheduler Scheduler => _scheduler;

    public override ILoggingAdapter Log { get; }

    public override Task WhenTerminated => _terminated.Task;

    public ActorPath NextTemporaryPath() => _rootPath / "temp" / $"${Interlocked.Increment(ref _lastTemporary)}";

    public override IActorRef ActorOf(Props props, string name = null) => _user.Cell.ActorOf(props, name);

    public override IActorRef SystemActorOf(Props props, string name = null) => _system.Cell.ActorOf(props, name);

    public override ActorSelection ActorSelection(ActorPath actorPath) => new(Provider.RootGuardianAt(actorPath.Address), actorPath.Elements);

    public override ActorSelection ActorSelection(string actorPath) => ActorPath.TryParse(actorPath, out var path) ? ActorSelection(path) : new(Root, actorPath);

    public override void Stop(IActorRef actor) => ((IInternalActorRef)actor).SendSystemMessage(new TerminateActor());

    public override Task Terminate()
    {
        if (Settings.Config.GetBoolean("akka.coordinated-shutdown.run-by-actor-system-terminate"))
        {
            CoordinatedShutdown.Get(this).Run(CoordinatedShutdown.ActorSystemTerminateReason.Instance);
        }
        else
        {
            FinalTerminate();
        }

        return WhenTerminated;
    }

    /// <summary>Stops the actors, without coordination.</summary>
    public void FinalTerminate() => _user.SendSystemMessage(new TerminateActor());

    public override void RegisterOnTermination(Action code) => _onTermination.Push(code);

    public override object RegisterExtension(IExtensionId extension) =>
        _extensions.GetOrAdd(extension.ExtensionType, _ => new Lazy<object>(() => extension.CreateExtension(this))).Value;

    public override object GetExtension(IExtensionId extensionId) => RegisterExtension(extensionId);

    public override bool HasExtension(Type type) => _extensions.ContainsKey(type);

    public override string ToString() => _rootPath.ToString();

    private void End()
    {
        _scheduler.Dispose();
        while (_onTermination.TryPop(out var code))
        {
            try
            {
                code();
            }
            catch (Exception cause)
            {
                Console.Error.WriteLine($"{this}: an action on termination failed: {cause.Message}");
            }
        }

        _terminated.TrySetResult();
    }

    private sealed class Guardian : UntypedActor
    {
        protected override void OnReceive(object message) => Unhandled(message);
    }

    /// <summary>Stops the system's actors after the users', so that they can serve these to the end.</summary>
    private sealed class RootGuardian : UntypedActor
    {
        private Begin _guardians;

        protected override void OnReceive(object message)
        {
            switch (message)
            {
                case Begin begin:
                    _guardians = begin;
                    Context.Watch(begin.User);
                    Context.Watch(begin.System);
                    break;
                case Terminated ended when ended.ActorRef.Equals(_guardians.User):
                    var self = Self;
                    ((ActorSystemImpl)Context.System).LocalProvider.Stop().ContinueWith(_ => self.Tell(new TookLeave(), self), TaskScheduler.Default);
                    break;
                case TookLeave:
                    Context.Stop(_guardians.System);
                    break;
                case Terminated:
                    Context.Stop(Self);
                    break;
                default:
                    Unhandled(message);
                    break;
            }
        }

        protected override SupervisorStrategy SupervisorStrategy() => Actor.SupervisorStrategy.StoppingStrategy;

        public sealed record Begin(IActorRef User, IActorRef System);

        private sealed record TookLeave;
    }

    /// <summary>The root's parent.</summary>
    private sealed class Outside(ActorSystemImpl system, ActorPath path) : InternalActorRef
    {
        public override ActorPath Path => path;

        public override ActorSystemImpl System => system;

        public override void Tell(object message, IActorRef sender) => system.DeadLetterRef.Publish(message, sender, this);

        public override void SendSystemMessage(ISystemMessage message)
        {
            switch (message)
            {
                case ActorDied:
                    // Not on the dying root's turn.
                    ThreadPool.UnsafeQueueUserWorkItem(_ => system.End(), null);
                    break;
                case ChildFailed failed:
                    failed.Child.SendSystemMessage(new TerminateActor());
                    break;
            }
        }
    }
}
