using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Sharding;

namespace Compat.Tests.AkkaClusterSharding;

/// <summary>The entity of these tests. Messages are texts, <c>id:command</c>, since those need no serializer of the test's own.</summary>
internal sealed class Entity : ReceiveActor
{
    private static int s_incarnations;

    private readonly List<string> _notes = [];
    private readonly int _incarnation = Interlocked.Increment(ref s_incarnations);
    private ManualResetEventSlim? _gate;

    public Entity(string id)
    {
        var address = Cluster.Get(Context.System).SelfAddress;
        Receive<ManualResetEventSlim>(gate => _gate = gate);
        Receive<Stop>(_ =>
        {
            _gate?.Wait(TimeSpan.FromSeconds(30));
            Context.Stop(Self);
        });
        Receive<string>(message =>
        {
            switch (message.Split(':')[1])
            {
                case "where":
                    Sender.Tell($"{id} at {address.Port}");
                    break;
                case "path":
                    Sender.Tell(Self.Path.ToStringWithoutAddress());
                    break;
                case "incarnation":
                    Sender.Tell($"{_incarnation}");
                    break;
                case "notes":
                    Sender.Tell(string.Join(",", _notes));
                    break;
                case "rest":
                    Context.Parent.Tell(new Passivate(Stop.Instance));
                    break;
                case "end":
                    Context.Stop(Self);
                    break;
                case "fail":
                    throw new InvalidOperationException("told to fail");
                case var note:
                    _notes.Add(note);
                    break;
            }
        });
    }

    /// <summary>In how many shards entities are.</summary>
    public const int Shards = 12;

    public static IMessageExtractor Extractor { get; } = HashCodeMessageExtractor.Create(Shards, message => message is string text && text.Contains(':') ? text.Split(':')[0] : null!);

    private sealed class Stop
    {
        public static readonly Stop Instance = new();
    }
}
