using System.Collections.Immutable;
using System.Diagnostics;
using System.Net;
using System.Text;
using Director.Forwarding.Tests.Engine;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation;

/// <summary>A director with one worker on memory links, whose synchronisation runs over real sockets on loopback. What it receives is taken in when a test waits.</summary>
internal sealed class DirectorInCluster : IDisposable
{
    public const string Key = "a secret of tests";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public DirectorInCluster(
        string name, Func<Scene, ForwardingTable>? table = null, int connections = 4096, bool isIPv6 = false, string key = Key, string cluster = "lab", int bufferBytes = 1 << 20, IPEndPoint? endPoint = null,
        SynchronisedConnections mode = SynchronisedConnections.Full)
    {
        Name = name;
        Scene = new Scene(isIPv6, connections: connections, keepsSent: connections <= 4096, synchronisation: new SynchronisationOptions
        {
            Name = name,
            Cluster = cluster,
            Key = [.. Encoding.UTF8.GetBytes(key)],
            EndPoint = endPoint ?? new IPEndPoint(IPAddress.Loopback, 0),
            BufferBytes = bufferBytes,
            Mode = mode,
        });
        Scene.Apply(table?.Invoke(Scene) ?? new ForwardingTable { Services = [Scene.Service(Protocol.Tcp, Scene.Server()), Scene.Service(Protocol.Udp, Scene.Server())] });
    }

    public string Name { get; }

    public Scene Scene { get; }

    public ISynchronisation Synchronisation => Scene.Path.Synchronisation!;

    public IPEndPoint EndPoint => Synchronisation.EndPoint;

    public int Count => Scene.Path.Connections.Count;

    public SynchronisationReport Report => Synchronisation.Report();

    public SynchronisationPeerReport Peer(string name) => Report.Peers.Single(peer => peer.Peer.Name == name);

    public SynchronisationPeer AsPeer(IPEndPoint? via = null) => new(Name, 1, via ?? EndPoint);

    public void SetPeers(params SynchronisationPeer[] peers) => Synchronisation.SetPeers([.. peers]);

    /// <summary>Makes them peers of each other.</summary>
    public static void Join(params DirectorInCluster[] directors)
    {
        foreach (var director in directors)
            director.SetPeers([.. directors.Where(other => other != director).Select(other => other.AsPeer())]);
    }

    /// <summary>Takes in what is received until something holds.</summary>
    public static void Until(Func<bool> condition, params DirectorInCluster[] directors)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            foreach (var director in directors)
            {
                while (director.Scene.Path.Forwarder.HasReceived)
                    director.Scene.Path.Forwarder.TakeReceived(director.Scene.Path.Now);
            }

            if (condition())
                return;
            Assert.True(clock.Elapsed < Patience, "What the test waits for did not come: " + string.Join("; ", directors.Select(director => $"{director.Name} {director.Count} {string.Join(", ", director.Report.Peers)} {string.Join(", ", director.Report.Counters)} {string.Join(", ", director.Scene.Path.Log)}")));
            Thread.Sleep(1);
        }
    }

    /// <summary>Waits until each has caught up with all others.</summary>
    public static void UntilSynchronised(params DirectorInCluster[] directors) => Until(() => directors.All(director => director.Synchronisation.IsSynchronised), directors);

    public string[] Connections() => [.. Scene.Path.ListConnections().Select(connection => $"{connection.Protocol} {connection.State} {connection.Client} {connection.Virtual} {connection.RealServer} {connection.IsTemplate}").Order()];

    public void Dispose() => Scene.Dispose();
}
