using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Director.Forwarding;
using Director.Forwarding.Links;
using Director.Forwarding.Packets;

namespace Director.Benchmarks;

/// <summary>
/// What it costs to copy connections: two directors of one worker each in this process, between memory links, with synchronisation over real sockets on loopback. The receiving director's threads take
/// their share of the machine's cores; on a machine of two the figures are the worst case.
/// </summary>
internal static class SynchronisationFigures
{
    private const int Connections = 1_000_000;
    private const int Rounds = 5;

    /// <summary>Takes the figures and prints them.</summary>
    public static void Print()
    {
        var frames = Enumerable.Range(0, Connections).Select(client => BenchedForwarder.FrameOf(client, Wire.Syn)).ToArray();
        Say("figure", "value");
        Say("---", "---:");
        SetUps(frames);
        Snapshot(frames);
        Loss(frames);
        ReaderThatStops(frames);
    }

    private static void SetUps(byte[][] frames)
    {
        List<double> alone = [], together = [], toNobody = [], oneByOne = [];
        double bytes = 0;
        for (var round = 0; round < Rounds; round++)
        {
            using (var one = new BenchedForwarder(ForwardingMethod.Nat))
                alone.Add(Rate(one, frames));

            // What the director itself spends: a peer that takes datagrams and does nothing with them.
            using (var sink = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp))
            using (var one = Director("a"))
            {
                sink.Bind(new IPEndPoint(IPAddress.Loopback, 0));
                one.Synchronisation!.SetPeers([new SynchronisationPeer("sink", 1, (IPEndPoint)sink.LocalEndPoint!)]);
                toNobody.Add(Rate(one, frames));
                var report = one.Synchronisation.Report();
                bytes = SizeOnWire(report);
                oneByOne.Add(Rate(one, frames[..(Connections / 10)].Select((_, client) => BenchedForwarder.FrameOf(client, Wire.Ack)).ToArray(), perBatch: 1));
            }

            using var a = Director("a");
            using var b = Director("b");
            using var receiving = new Worker(b);
            Join(a, b);
            together.Add(Rate(a, frames));
        }

        Say("connections set up a second, one core, without I/O", $"{Median(alone):N0}");
        Say("the same while telling a peer of each", $"{Median(toNobody):N0} ({Median(toNobody) / Median(alone):0.00} of it)");
        Say("the same with the peer taking them in on the same machine", $"{Median(together):N0} ({Median(together) / Median(alone):0.00} of it)");
        Say("cost of telling, a connection", $"{1e9 * ((1 / Median(toNobody)) - (1 / Median(alone))):N0} ns");
        Say("the same where each batch has one packet: a datagram and a system call for each", $"{1e9 / Median(oneByOne):N0} ns with the packet itself");
        Say("bytes a connection on the wire, UDP and IP headers included, 50 a datagram", bytes.ToString("0.0", CultureInfo.InvariantCulture));
    }

    private static double SizeOnWire(SynchronisationReport report)
    {
        const int headers = 28 + 36 + 16;
        const int record = 23;
        return record + (headers * (double)report.Counters["sent-datagrams"] / report.Counters["sent-records"]);
    }

    private static void Snapshot(byte[][] frames)
    {
        using var a = Director("a");
        Rate(a, frames);
        using var b = Director("b");
        using var receiving = new Worker(b);
        a.Synchronisation!.SetPeers([Peer("b", b)]);
        Thread.Sleep(100);
        var clock = Stopwatch.StartNew();
        b.Synchronisation!.SetPeers([Peer("a", a)]);
        Wait(() => b.Synchronisation.IsSynchronised && b.Forwarder.Connections.Count == Connections);
        Say($"snapshot of {Connections:N0} connections to a joining director", $"{clock.Elapsed.TotalSeconds:0.0} s");
    }

    private static void Loss(byte[][] frames)
    {
        using var a = Director("a");
        using var b = Director("b");
        using var receiving = new Worker(b);
        using var lossy = new Lossy(b.Synchronisation!.EndPoint, 0.01);
        b.Synchronisation.SetPeers([Peer("a", a)]);
        a.Synchronisation!.SetPeers([new SynchronisationPeer("b", 1, lossy.EndPoint)]);
        Wait(() => b.Synchronisation.IsSynchronised);
        const int count = 200_000;
        const int perSecond = 50_000;
        using FrameBatch batch = new();
        var clock = Stopwatch.StartNew();
        for (var opened = 0; opened < count;)
        {
            batch.Clear();
            for (; opened < count && batch.HasRoom; opened++)
                batch.Append(frames[opened], 0);
            a.Forwarder.Process(batch, 1000);
            while (clock.Elapsed.TotalSeconds * perSecond < opened)
                Thread.Yield();
        }

        var sent = clock.Elapsed;
        Wait(() => b.Forwarder.Connections.Count == count);
        var report = b.Synchronisation.Report().Peers[0];
        Say(
            $"1 % loss at {perSecond:N0} connections a second",
            $"all {count:N0} there {(clock.Elapsed - sent).TotalMilliseconds:N0} ms after the last; {lossy.Lost:N0} datagrams lost, {report.Repaired:N0} repaired, {report.Lost:N0} given up");
    }

    private static void ReaderThatStops(byte[][] frames)
    {
        using var a = Director("a");
        Rate(a, frames);
        using var quiet = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        quiet.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        a.Synchronisation!.SetPeers([new SynchronisationPeer("quiet", 1, (IPEndPoint)quiet.LocalEndPoint!)]);
        var before = Memory();
        var most = before;
        using FrameBatch batch = new();
        var clock = Stopwatch.StartNew();
        var told = 0L;

        // Pass by pass over all connections, each packet changes a state: to ESTABLISHED, CLOSE_WAIT, SYN_RECV.
        byte[] flags = [Wire.Ack, Wire.Fin | Wire.Ack, Wire.Syn];
        for (var next = 0; clock.Elapsed < TimeSpan.FromMinutes(1);)
        {
            batch.Clear();
            for (; batch.HasRoom; next++)
                batch.Append(BenchedForwarder.FrameOf(next % frames.Length, flags[next / frames.Length % flags.Length]), 0);
            a.Forwarder.Process(batch, 1000);
            told += batch.Count;
            if (next % (1 << 16) < FrameBatch.MaximumFrames)
                most = Math.Max(most, Memory());
            while (clock.Elapsed.TotalSeconds * 100_000 < told)
                Thread.Sleep(1);
        }

        Say("more memory while a peer takes nothing for a minute", $"{(most - before) / 1048576.0:0.0} MiB ({a.Synchronisation.Report().Counters["sent-records"]:N0} records sent; 16 MiB are kept for repair)");
    }

    private static long Memory()
    {
        using var self = Process.GetCurrentProcess();
        return self.WorkingSet64;
    }

    private static double Rate(BenchedForwarder director, byte[][] frames, int perBatch = FrameBatch.MaximumFrames)
    {
        using FrameBatch batch = new();
        var clock = Stopwatch.StartNew();
        for (var opened = 0; opened < frames.Length;)
        {
            batch.Clear();
            for (; opened < frames.Length && batch.Count < perBatch && batch.HasRoom; opened++)
                batch.Append(frames[opened], 0);
            director.Forwarder.Process(batch, 1000);
        }

        return frames.Length / clock.Elapsed.TotalSeconds;
    }

    private static BenchedForwarder Director(string name) => new(ForwardingMethod.Nat, new SynchronisationOptions
    {
        Name = name,
        Cluster = "figures",
        Key = [.. "a secret of figures"u8],
        EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
    });

    private static SynchronisationPeer Peer(string name, BenchedForwarder director) => new(name, 1, director.Synchronisation!.EndPoint);

    private static void Join(BenchedForwarder a, BenchedForwarder b)
    {
        a.Synchronisation!.SetPeers([Peer("b", b)]);
        b.Synchronisation!.SetPeers([Peer("a", a)]);
        Wait(() => a.Synchronisation.IsSynchronised && b.Synchronisation.IsSynchronised);
    }

    private static void Wait(Func<bool> condition)
    {
        var clock = Stopwatch.StartNew();
        while (!condition())
        {
            if (clock.Elapsed > TimeSpan.FromMinutes(2))
                throw new TimeoutException("A figure could not be taken: what it waits for did not come within two minutes.");
            Thread.Sleep(1);
        }
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static void Say(string what, string figure) => Console.WriteLine($"| {what} | {figure} |");

    /// <summary>The thread of a director's worker that only takes in what is received.</summary>
    private sealed class Worker : IDisposable
    {
        private readonly Thread _thread;
        private volatile bool _isStopping;

        public Worker(BenchedForwarder director)
        {
            _thread = new Thread(() =>
            {
                while (!_isStopping)
                {
                    if (director.Forwarder.HasReceived)
                        director.Forwarder.TakeReceived(1000);
                    else
                        Thread.Sleep(1);
                }
            });
            _thread.Start();
        }

        public void Dispose()
        {
            _isStopping = true;
            _thread.Join();
        }
    }

    /// <summary>Stands before a director and loses a part of its datagrams.</summary>
    private sealed class Lossy : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        private readonly Random _random = new(1);
        private long _lost;

        public Lossy(IPEndPoint to, double loss)
        {
            _socket.ReceiveBufferSize = 8 << 20;
            _socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
            new Thread(() =>
            {
                var buffer = new byte[2048];
                try
                {
                    while (true)
                    {
                        var length = _socket.Receive(buffer);
                        if (_random.NextDouble() >= loss)
                            _socket.SendTo(buffer.AsSpan(0, length), to);
                        else
                            Interlocked.Increment(ref _lost);
                    }
                }
                catch (Exception error) when (error is SocketException or ObjectDisposedException)
                {
                    // The figure is taken.
                }
            }) { IsBackground = true }.Start();
        }

        public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

        public long Lost => Interlocked.Read(ref _lost);

        public void Dispose() => _socket.Dispose();
    }
}
