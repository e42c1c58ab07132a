using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Security.Cryptography;
using Akka.Actor;
using Akka.Cluster;
using Director.Cluster.Availability;
using Director.Cluster.Formation;
using Director.Cluster.Tests.Transport;
using Director.Configuration;

namespace Director.Cluster.Tests.Formation;

/// <summary>Directors of one cluster in this process, each with an address and a certificate of its own on loopback.</summary>
internal sealed class TestDirectors : IAsyncDisposable
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(40);

    private readonly TestAuthority _authority = new();
    private readonly ConcurrentDictionary<int, TestDirector> _directors = new();
    // Addresses that no other test has.
    private readonly string _network = $"127.{RandomNumberGenerator.GetInt32(1, 255)}.{RandomNumberGenerator.GetInt32(0, 255)}";

    /// <summary>All addresses of directors 1 to a number.</summary>
    public ImmutableArray<string> Seeds(int count) => [.. Enumerable.Range(1, count).Select(HostPort)];

    public string HostPort(int number) => $"{_network}.{number}:2551";

    /// <summary>Starts one, again if it ran before.</summary>
    public TestDirector Start(int number, ImmutableArray<string> seeds, Func<ClusterConfiguration, ClusterConfiguration>? change = null, FakeHeartbeats? heartbeats = null)
    {
        var cluster = Configuration(number, seeds);
        TestDirector director = new(change is null ? cluster : change(cluster), heartbeats);
        _directors[number] = director;
        return director;
    }

    /// <summary>Starts one as a process of its own. The caller disposes of it.</summary>
    public ClusterProcess StartProcess(int number, ImmutableArray<string> seeds) => new(Configuration(number, seeds));

    private ClusterConfiguration Configuration(int number, ImmutableArray<string> seeds)
    {
        var address = $"{_network}.{number}";
        var name = $"lb{number}";
        var certificate = Path.Combine(_authority.Folder, $"{name}.pem");
        if (!File.Exists(certificate))
        {
            _authority.Issue(name, address);
        }

        return new()
        {
            Hostname = address,
            Seeds = seeds,
            Certificate = certificate,
            PrivateKey = Path.ChangeExtension(certificate, ".key"),
            Authority = _authority.AuthorityFile,
            // Who waits for it does not find the others on a busy machine, and makes a cluster of its own; tests that are about it set another.
            SeedWait = TimeSpan.FromSeconds(30),
        };
    }

    /// <summary>Waits until all of these are up in one cluster of exactly them, each seeing the others.</summary>
    public static async Task AreOneCluster(params TestDirector[] directors)
    {
        var expected = directors.Select(director => director.Address).Order().ToArray();
        await Eventually(
            () => directors.All(director => director.Up.SequenceEqual(expected) && director.Unreachable.IsEmpty),
            () => string.Join(Environment.NewLine, directors.Select(director => $"{director.Address}: up {string.Join(' ', director.Up)}, unreachable {string.Join(' ', director.Unreachable)}\n  {string.Join("\n  ", director.Log)}")));
    }

    public static async Task Eventually(Func<bool> condition, Func<string> otherwise)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            if (TimeProvider.System.GetElapsedTime(start) > Deadline)
            {
                throw new TimeoutException(otherwise());
            }

            await Task.Delay(50);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_directors.Values.Select(director => director.DisposeAsync().AsTask()));
        _authority.Dispose();
    }
}

/// <summary>A director without an engine.</summary>
internal sealed class TestDirector : IAsyncDisposable
{
    private int _starts;

    public TestDirector(ClusterConfiguration configuration, FakeHeartbeats? heartbeats)
    {
        System = ClusterSystem.Start(configuration, "", heartbeats, _ => Interlocked.Increment(ref _starts), Log.Enqueue);
        Address = $"{configuration.Hostname}:{configuration.Port}";
    }

    public ClusterSystem System { get; }

    public string Address { get; }

    public ConcurrentQueue<string> Log { get; } = new();

    /// <summary>Actor systems so far.</summary>
    public int Starts => Volatile.Read(ref _starts);

    public ImmutableArray<string> Up => [.. State.Members.Where(member => member.Status == MemberStatus.Up).Select(member => $"{member.Address.Host}:{member.Address.Port}").Order()];

    public ImmutableArray<string> Unreachable => [.. State.Unreachable.Select(member => $"{member.Address.Host}:{member.Address.Port}").Order()];

    private ClusterEvent.CurrentClusterState State => Akka.Cluster.Cluster.Get(System.Current).State;

    /// <summary>Ends it without a word to the others, as if its process had been killed. It does not come back.</summary>
    public Task Kill() => System.StopAbruptly();

    public async ValueTask DisposeAsync() => await System.StopAbruptly();
}

/// <summary>What heartbeats would say.</summary>
internal sealed class FakeHeartbeats : IHeardDirectors
{
    private volatile HeardDirectors _heard = new(Director("self", ""), []);

    public event Action<HeardDirectors> Changed = static _ => { };

    public HeardDirectors Heard => _heard;

    public ClusterIdentity? Cluster { get; private set; }

    /// <summary>From now on these are alive.</summary>
    public void Hear(params string[] hostPorts)
    {
        _heard = new(_heard.Self, [.. hostPorts.Select(hostPort => Director(hostPort, $"akka.tls://director@{hostPort}"))]);
        Changed(_heard);
    }

    public void SetPayload(int number, ReadOnlySpan<byte> bytes) => throw new NotSupportedException();

    public void SetAkka(string address, ClusterIdentity? cluster) => Cluster = cluster;

    public void SetSynchronisation(IPEndPoint? address) => throw new NotSupportedException();

    private static HeardDirector Director(string name, string akkaAddress) => new() { Name = name, Boot = 1, Started = DateTimeOffset.UnixEpoch, AkkaAddress = akkaAddress };
}
