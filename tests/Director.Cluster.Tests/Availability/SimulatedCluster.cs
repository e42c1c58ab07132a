using System.Net;
using Director.Cluster.Availability;
using Director.Configuration;

namespace Director.Cluster.Tests.Availability;

/// <summary>Directors and the network between them, on a clock of their own. Times are milliseconds.</summary>
internal sealed class SimulatedCluster
{
    public const long Keepalive = 100, Deadtime = 350, Initdead = 1500, MaxDelay = 20, MaxLateness = 10;

    // The longest silence between two heartbeats that arrive, so that no living director is ever taken for dead.
    private const long MaxGap = Deadtime - Keepalive - MaxDelay - MaxLateness;

    private static readonly HeartbeatFormat Format = new("test", new HeartbeatSeal("a key for tests only"u8));

    private readonly Random _random;
    private readonly PriorityQueue<(int To, byte[] Bytes), (long Time, int Number)> _network = new();
    private readonly long[,] _lastDelivered;
    private int _packets;

    /// <param name="count">Directors; all start at once.</param>
    /// <param name="seed">Of the network's accidents.</param>
    /// <param name="lossPercent">Of heartbeats, while fewer in a row than deadtime allows.</param>
    /// <param name="change">What is different from the defaults.</param>
    public SimulatedCluster(int count, int seed, int lossPercent, Func<ElectionSettings, ElectionSettings>? change = null)
    {
        _random = new Random(seed);
        LossPercent = lossPercent;
        Change = change ?? (settings => settings);
        _lastDelivered = new long[count, count];
        Directors = [.. Enumerable.Range(0, count).Select(i => new SimulatedDirector(this, i))];
        foreach (var director in Directors)
            director.Start();
    }

    public long Now { get; private set; }

    public int LossPercent { get; set; }

    /// <summary>Whether losses may go on for longer than deadtime allows.</summary>
    public bool IsLossUnbounded { get; set; }

    /// <summary>Which side of a cut each director is on.</summary>
    public int[] Sides { get; } = new int[8];

    public SimulatedDirector[] Directors { get; }

    public List<string> Log { get; } = [];

    public Func<ElectionSettings, ElectionSettings> Change { get; }

    /// <summary>Called after every step.</summary>
    public Action Check { get; set; } = () => { };

    public SimulatedDirector[] Answering => [.. Directors.Where(director => director.Answers)];

    public int AnsweringCount
    {
        get
        {
            var count = 0;
            foreach (var director in Directors)
                count += director.Answers ? 1 : 0;
            return count;
        }
    }

    public ulong Draw() => (ulong)_random.NextInt64();

    /// <summary>Lets time pass.</summary>
    public void Run(long duration)
    {
        var end = Now + duration;
        while (true)
        {
            var next = _network.TryPeek(out _, out var first) ? first.Time : long.MaxValue;
            foreach (var director in Directors)
                next = Math.Min(next, director.NextStep);
            if (next > end)
                break;
            Now = Math.Max(Now, next);
            while (_network.TryPeek(out _, out first) && first.Time <= Now)
            {
                var (to, bytes) = _network.Dequeue();
                Directors[to].Receive(bytes);
            }

            foreach (var director in Directors)
                director.Step();
            Check();
        }

        Now = end;
    }

    /// <summary>Lets time pass until something holds.</summary>
    /// <returns>How long it took; null: it did not come to hold.</returns>
    public long? RunUntil(Func<bool> condition, long atMost)
    {
        var start = Now;
        while (!condition())
        {
            if (Now - start >= atMost)
                return null;
            Run(1);
        }

        return Now - start;
    }

    public long Lateness() => _random.NextInt64(MaxLateness);

    public void Send(int from, ReadOnlySpan<byte> datagram)
    {
        var bytes = datagram.ToArray();
        for (var to = 0; to < Directors.Length; to++)
        {
            if (to == from || Sides[to] != Sides[from])
                continue;
            var mayLose = IsLossUnbounded || Now - _lastDelivered[from, to] <= MaxGap;
            if (mayLose && _random.Next(100) < LossPercent)
                continue;
            _lastDelivered[from, to] = Now;
            _network.Enqueue((to, bytes), (Now + _random.NextInt64(MaxDelay), _packets++));
        }
    }

    /// <summary>One of the directors.</summary>
    internal sealed class SimulatedDirector(SimulatedCluster cluster, int index)
    {
        private readonly List<ElectionOutput> _outputs = [];
        private readonly List<byte[]> _received = [];
        private long _wakesAt;

        public string Name { get; } = $"d{index}";

        public HeartbeatMachine? Machine { get; private set; }

        public bool IsFrozen { get; private set; }

        public bool IsSynchronised { get; set; } = true;

        public int PingNodesReached { get; set; }

        public bool IsAlive => Machine is not null;

        /// <summary>Whether it answers for the group: a frozen one does not.</summary>
        public bool Answers => Machine is not null && !IsFrozen && Role == GroupRole.Holds;

        public GroupRole Role => Machine?.Election.Groups[0].State.Role ?? GroupRole.Waits;

        public List<ElectionOutput> Done { get; } = [];

        public long NextStep => Machine is null || IsFrozen ? long.MaxValue : _received.Count > 0 ? cluster.Now : Math.Max(_wakesAt, cluster.Now);

        public void Start()
        {
            var settings = cluster.Change(new ElectionSettings
            {
                Name = Name,
                Started = DateTimeOffset.FromUnixTimeMilliseconds(1_000_000 + cluster.Now),
                Keepalive = Keepalive,
                Warntime = 200,
                Deadtime = Deadtime,
                Initdead = Initdead,
                HoldOff = 500,
                Groups = [new ElectionGroup("vips", "")],
            });
            Machine = new HeartbeatMachine(Format, settings, cluster.Draw(), cluster.Draw, link => $"link {link}", line => cluster.Log.Add($"{cluster.Now} {Name}: {line}"), cluster.Now);
            IsFrozen = false;
            _received.Clear();
            _wakesAt = cluster.Now;
        }

        public void Kill()
        {
            cluster.Log.Add($"{cluster.Now} {Name} is killed");
            Machine = null;
        }

        public void Freeze() => IsFrozen = true;

        public void Thaw()
        {
            IsFrozen = false;
            _wakesAt = cluster.Now;
        }

        public void Receive(byte[] bytes)
        {
            // What comes to one that stands still is lost: its sockets are full.
            if (Machine is not null && !IsFrozen)
                _received.Add(bytes);
        }

        public void Step()
        {
            if (Machine is null || IsFrozen || (_received.Count == 0 && cluster.Now < _wakesAt))
                return;
            Machine.Wake(cluster.Now);
            foreach (var bytes in _received)
                Machine.Receive(bytes, 0, IPAddress.Loopback, cluster.Now);
            _received.Clear();
            Machine.Decide(cluster.Now, IsSynchronised, PingNodesReached, _outputs);
            foreach (var output in _outputs)
                cluster.Log.Add($"{cluster.Now} {Name}: {output}");
            Done.AddRange(_outputs);
            if (Machine.IsDue(cluster.Now))
                Machine.Send(cluster.Now, datagram => cluster.Send(index, datagram));
            if (Machine.Election.HasStopped)
            {
                Machine.SendGoodbye(datagram => cluster.Send(index, datagram));
                cluster.Log.Add($"{cluster.Now} {Name} has stopped");
                Machine = null;
                return;
            }

            _wakesAt = Math.Max(Machine.NextEvent(), cluster.Now) + cluster.Lateness();
        }
    }
}
