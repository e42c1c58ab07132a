using System.Collections.Concurrent;
using System.Threading.Channels;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote.Transport;
using Google.Protobuf;

namespace Director.Cluster.Tests;

/// <summary>Connects actor systems of this process, as a network whose nodes can be cut off.</summary>
public sealed class InProcessTransport : Akka.Remote.Transport.Transport
{
    private static readonly ConcurrentDictionary<Address, InProcessTransport> s_listeners = new();
    private static readonly ConcurrentDictionary<Address, bool> s_cutOff = new();
    private static int s_ports = 10_000;

    private readonly Address _address;
    private readonly TaskCompletionSource<IAssociationEventListener> _listener = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public InProcessTransport(ActorSystem system, Config config)
    {
        (System, Config) = (system, config);
        SchemeIdentifier = "inprocess";
        MaximumPayloadBytes = 128_000;
        _address = new Address(SchemeIdentifier, system.Name, "node", Interlocked.Increment(ref s_ports));
    }

    /// <summary>What makes an actor system use it.</summary>
    public static string Configuration => $$"""
        akka.remote {
          enabled-transports = ["akka.remote.in-process"]
          in-process {
            transport-class = "{{typeof(InProcessTransport).FullName}}, {{typeof(InProcessTransport).Assembly.GetName().Name}}"
            applied-adapters = []
            transport-protocol = inprocess
          }
        }
        """;

    /// <summary>Nothing reaches a node or leaves it any more, and nobody is told so.</summary>
    public static void CutOff(Address node) => s_cutOff[node.WithProtocol("inprocess")] = true;

    /// <summary>The node can be reached again.</summary>
    public static void Restore(Address node) => s_cutOff.TryRemove(node.WithProtocol("inprocess"), out _);

    public override Task<(Address, TaskCompletionSource<IAssociationEventListener>)> Listen()
    {
        s_listeners[_address] = this;
        return Task.FromResult((_address, _listener));
    }

    public override bool IsResponsibleFor(Address remote) => true;

    public override async Task<AssociationHandle> Associate(Address remoteAddress)
    {
        if (IsCut(_address, remoteAddress) || !s_listeners.TryGetValue(remoteAddress, out var remote))
        {
            throw new InvalidAssociationException($"nobody listens at {remoteAddress}");
        }

        var listener = await remote._listener.Task;
        var here = new Handle(_address, remoteAddress);
        var there = new Handle(remoteAddress, _address) { Peer = here };
        here.Peer = there;
        listener.Notify(new InboundAssociation(there));
        return here;
    }

    public override Task<bool> Shutdown()
    {
        s_listeners.TryRemove(_address, out _);
        return Task.FromResult(true);
    }

    private static bool IsCut(Address one, Address other) => s_cutOff.ContainsKey(one) || s_cutOff.ContainsKey(other);

    private sealed class Handle : AssociationHandle
    {
        private readonly Channel<ByteString?> _incoming = Channel.CreateUnbounded<ByteString?>();

        public Handle(Address local, Address remote)
            : base(local, remote)
        {
            _ = Deliver();
        }

        public Handle? Peer { get; set; }

        public override bool Write(ByteString payload)
        {
            // A network that is cut takes packets too.
            _ = IsCut(LocalAddress, RemoteAddress) || Peer!._incoming.Writer.TryWrite(payload);
            return true;
        }

#pragma warning disable CS0672, CS0809 // The one that gives no reason is the one that a transport has to have.
        public override void Disassociate()
#pragma warning restore CS0672, CS0809
        {
            if (!IsCut(LocalAddress, RemoteAddress))
            {
                Peer!._incoming.Writer.TryWrite(null);
            }
        }

        private async Task Deliver()
        {
            var listener = await ReadHandlerSource.Task;
            await foreach (var payload in _incoming.Reader.ReadAllAsync())
            {
                if (payload is null)
                {
                    listener.Notify(new Disassociated(DisassociateInfo.Unknown));
                    return;
                }

                listener.Notify(new InboundPayload(payload));
            }
        }
    }
}
