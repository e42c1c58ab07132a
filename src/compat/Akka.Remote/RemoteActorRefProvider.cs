using Akka.Actor;

namespace Akka.Remote;

/// <summary>The provider of a system that others can reach.</summary>
internal class RemoteActorRefProvider : LocalActorRefProvider
{
    public RemoteActorRefProvider(ActorSystemImpl system)
        : base(system)
    {
        system.Settings.InjectTopLevelFallback(RemoteConfiguration.Default());
        Remoting = new Remoting(system);
    }

    public Remoting Remoting { get; }

    public IActorRef RemoteWatcher { get; private set; }

    public override Address DefaultAddress => Remoting.DefaultAddress ?? base.DefaultAddress;

    public override void Start()
    {
        // Before the first association can ask for it.
        RemoteWatcher = System.SystemActorOf(RemoteWatcherProps(), "remote-watcher");
        Remoting.Start();
    }

    public override Task Stop() => Remoting.Stop();

    public override bool IsOwn(Address address) => base.IsOwn(address) || Remoting.IsOwn(address);

    public override Address GetExternalAddressFor(Address address) => IsOwn(address) ? address : Remoting.AddressFor(address);

    /// <summary>Takes the system with this uid at an address for dead: nothing is sent to it or accepted from it any more. Whoever comes after it at the address has another uid.</summary>
    public void Quarantine(Address address, int? uid) => Remoting.Quarantine(address, uid);

    protected override IInternalActorRef Elsewhere(ActorPath path) => Remoting.AddressFor(path.Address) is null ? base.Elsewhere(path) : new RemoteActorRef(this, path);

    /// <summary>The actor at <c>/system/remote-watcher</c>, a <see cref="Remote.RemoteWatcher"/>.</summary>
    protected virtual Props RemoteWatcherProps() => Props.Create(() => new RemoteWatcher(this));
}
