using System.Collections.Concurrent;
using System.Linq.Expressions;
using Akka.Actor;
using Akka.Configuration;
using Akka.Event;

namespace Akka.TestKit;

/// <summary>Marks a test whose thread is not to act as its test actor.</summary>
public interface INoImplicitSender
{
}

/// <summary>A test's own actor system, its test actor, and assertions on what that receives.</summary>
public abstract partial class TestKitBase : IActorRefFactory
{
    private static long s_lastTestActor;

    private readonly ITestKitAssertions _assertions;
    private readonly BlockingCollection<Received> _queue = [];
    private readonly LocalActorRef _testActor;
    private Received _last;
    private DateTime? _end;

    protected TestKitBase(ITestKitAssertions assertions, ActorSystem system = null, string testActorName = null)
        : this(assertions, system, null, null, testActorName)
    {
    }

    protected TestKitBase(ITestKitAssertions assertions, Config config, string actorSystemName = null, string testActorName = null)
        : this(assertions, null, config, actorSystemName, testActorName)
    {
    }

    private TestKitBase(ITestKitAssertions assertions, ActorSystem system, Config config, string actorSystemName, string testActorName)
    {
        _assertions = assertions;
        Sys = system ?? ActorSystem.Create(actorSystemName ?? "test", (config ?? ConfigurationFactory.Empty).WithFallback(DefaultConfig));
        TestKitSettings = new TestKitSettings(Sys.Settings.Config.WithFallback(DefaultConfig));
        Log = Logging.GetLogger(Sys, GetType());
        var queue = _queue;
        var number = Interlocked.Increment(ref s_lastTestActor);
        _testActor = (LocalActorRef)((ExtendedActorSystem)Sys).SystemActorOf(Props.Create(() => new TestActor(queue)), $"{testActorName ?? "testActor"}{number}");
        if (this is INoImplicitSender)
        {
            return;
        }

        // What the test's thread tells comes from the test actor, also after an await.
        ActorCell.Current = _testActor.Cell;
        SynchronizationContext.SetSynchronizationContext(new TestActorContext(_testActor.Cell));
    }

    public ActorSystem Sys { get; }

    public TestKitSettings TestKitSettings { get; }

    public ILoggingAdapter Log { get; }

    public IActorRef TestActor => _testActor;

    public IActorRef LastSender => _last.Sender;

    public object LastMessage => _last.Message;

    public bool HasMessages => _queue.Count > 0;

    public static Config DefaultConfig { get; } = ConfigurationFactory.ParseString("""
        akka.test {
          timefactor = 1.0
          filter-leeway = 3s
          single-expect-default = 3s
          default-timeout = 5s
        }
        """);

    public static TimeSpan Now => System.Diagnostics.Stopwatch.GetElapsedTime(0);

    public TimeSpan Remaining => _end is { } end
        ? Max(end - DateTime.UtcNow, TimeSpan.Zero)
        : throw new InvalidOperationException("Remaining may not be called outside of \"within\"");

    public TimeSpan RemainingOrDefault => RemainingOr(Dilated(TestKitSettings.SingleExpectDefault));

    public IActorRef ActorOf(Props props) => Sys.ActorOf(props);

    public IActorRef ActorOf(Props props, string name) => Sys.ActorOf(props, name);

    public IActorRef ActorOf<TActor>()
        where TActor : ActorBase, new() => Sys.ActorOf(Props.Create<TActor>());

    public IActorRef ActorOf<TActor>(string name)
        where TActor : ActorBase, new() => Sys.ActorOf(Props.Create<TActor>(), name);

    public IActorRef ActorOf<TActor>(Expression<Func<TActor>> factory)
        where TActor : ActorBase => Sys.ActorOf(Props.Create(factory));

    public IActorRef ActorOf<TActor>(Expression<Func<TActor>> factory, string name)
        where TActor : ActorBase => Sys.ActorOf(Props.Create(factory), name);

    public ActorSelection ActorSelection(ActorPath actorPath) => Sys.ActorSelection(actorPath);

    public ActorSelection ActorSelection(string actorPath) => Sys.ActorSelection(actorPath);

    public virtual TestProbe CreateTestProbe(string name = null) => CreateTestProbe(Sys, name);

    public virtual TestProbe CreateTestProbe(ActorSystem system, string name = null) => new(system, _assertions, name);

    public IActorRef ChildActorOf(Props props, string name, CancellationToken cancellationToken = default) =>
        TestActor.Ask<IActorRef>(new TestActor.Spawn(props, name), TestKitSettings.DefaultTimeout, cancellationToken).GetAwaiter().GetResult();

    public IActorRef ChildActorOf(Props props, CancellationToken cancellationToken = default) => ChildActorOf(props, null, cancellationToken);

    public IActorRef Watch(IActorRef actorToWatch) =>
        TestActor.Ask<IActorRef>(new TestActor.StartWatch(actorToWatch), TestKitSettings.DefaultTimeout).GetAwaiter().GetResult();

    public IActorRef Unwatch(IActorRef actorToUnwatch) =>
        TestActor.Ask<IActorRef>(new TestActor.EndWatch(actorToUnwatch), TestKitSettings.DefaultTimeout).GetAwaiter().GetResult();

    public void IgnoreMessages(Func<object, bool> shouldIgnoreMessage) => TestActor.Tell(new TestActor.SetIgnore(shouldIgnoreMessage), ActorRefs.NoSender);

    public void IgnoreMessages<TMsg>() => IgnoreMessages(message => message is TMsg);

    public void IgnoreNoMessages() => IgnoreMessages(_ => false);

    public TimeSpan Dilated(TimeSpan duration) => duration * TestKitSettings.TestTimeFactor;

    public TimeSpan RemainingOrDilated(TimeSpan? duration) => duration is { } given ? Dilated(given) : RemainingOrDefault;

    public TimeSpan GetTimeoutOrDefault(TimeSpan? timeout) => timeout ?? RemainingOrDefault;

    public virtual void Shutdown(TimeSpan? duration = null, bool verifySystemShutdown = false) => Shutdown(Sys, duration, verifySystemShutdown);

    protected virtual void Shutdown(ActorSystem system, TimeSpan? duration = null, bool verifySystemShutdown = false)
    {
        if (ActorCell.Current == _testActor.Cell)
        {
            ActorCell.Current = null;
        }

        var timeout = duration ?? Min(Dilated(TestKitSettings.SingleExpectDefault * 5), TimeSpan.FromSeconds(10));
        if (!system.Terminate().Wait(timeout))
        {
            var message = $"Failed to stop [{system.Name}] within [{timeout}]";
            if (verifySystemShutdown)
            {
                throw new TimeoutException(message);
            }

            system.Log.Warning(message);
        }
    }

    protected TimeSpan RemainingOr(TimeSpan duration) => _end is null ? duration : Remaining;

    private static TimeSpan Max(TimeSpan left, TimeSpan right) => left > right ? left : right;

    private static TimeSpan Min(TimeSpan left, TimeSpan right) => left < right ? left : right;

    private sealed class TestActorContext(ActorCell cell) : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object state) => ThreadPool.QueueUserWorkItem(_ => Run(d, state));

        public override void Send(SendOrPostCallback d, object state) => Run(d, state);

        public override SynchronizationContext CreateCopy() => this;

        private void Run(SendOrPostCallback d, object state)
        {
            var (before, contextBefore) = (ActorCell.Current, Current);
            ActorCell.Current = cell;
            SetSynchronizationContext(this);
            try
            {
                d(state);
            }
            finally
            {
                ActorCell.Current = before;
                SetSynchronizationContext(contextBefore);
            }
        }
    }
}

public class TestKitSettings : IExtension
{
    public TestKitSettings(Config config)
    {
        DefaultTimeout = config.GetTimeSpan("akka.test.default-timeout", allowInfinite: false);
        SingleExpectDefault = config.GetTimeSpan("akka.test.single-expect-default", allowInfinite: false);
        TestTimeFactor = config.GetDouble("akka.test.timefactor");
    }

    public TimeSpan DefaultTimeout { get; }

    public TimeSpan SingleExpectDefault { get; }

    public double TestTimeFactor { get; }
}
