using Director.Cluster.Availability.Vrrp;
using Director.Configuration;
using FsCheck.Xunit;
using Xunit;

namespace Director.Cluster.Tests.Availability.Vrrp;

/// <summary>
/// Routers on a LAN that loses and delays, that die, stop and come back at random. Nobody is frozen, and of one sender's advertisements no receiver misses three in a row: that is what VRRP promises
/// anything for.
/// </summary>
public sealed class VrrpPropertyTests
{
    private const long Millisecond = 1000, Interval = 100 * Millisecond, MostDelay = 4 * Millisecond;
    private const long End = 30_000 * Millisecond;

    // 3 intervals and the longest skew, a way over the LAN, and the clock's step.
    private const long MasterDown = (4 * Interval) + MostDelay + (2 * Millisecond);

    [Property(MaxTest = 150)]
    public void There_is_always_one_master_and_two_for_no_longer_than_an_advertisement_takes(int seed) => new Lan(seed, isPreempting: true).Run();

    [Property(MaxTest = 150)]
    public void Without_preemption_too(int seed) => new Lan(seed, isPreempting: false).Run();

    private sealed class Lan
    {
        private readonly Random _random;
        private readonly int _seed;
        private readonly List<Member> _members = [];
        private readonly PriorityQueue<(Member To, Member From, VrrpAdvertisement Advertisement), long> _wire = new();
        private readonly Dictionary<(Member, Member), int> _lost = [];
        private readonly bool _isLossy;
        private long _now;
        private long _lastMaster;
        private long _twoSince = long.MaxValue;

        public Lan(int seed, bool isPreempting)
        {
            _random = new Random(seed);
            _seed = seed;
            _isLossy = _random.Next(4) > 0;
            for (var i = 0; i < _random.Next(2, 5); i++)
            {
                // Equal ones are as likely as not. Up to 200, so that the skew is longer than a way over the LAN.
                var settings = new VrrpConfiguration { Interval = TimeSpan.FromMilliseconds(100), Preempt = isPreempting, Priority = _random.Next(2) == 0 ? 100 : _random.Next(1, 201) };
                _members.Add(new Member(this, settings, Routers.Address($"10.9.0.{i + 1}")));
            }
        }

        public void Run()
        {
            for (_now = 0; _now < End; _now += Millisecond)
            {
                Trouble();
                while (_wire.TryPeek(out _, out var due) && due <= _now)
                {
                    var (to, from, advertisement) = _wire.Dequeue();
                    if (to.IsAlive && to != from)
                        to.Machine.Receive(0, advertisement, _now);
                }

                foreach (var member in _members.Where(member => member.IsAlive))
                {
                    Assert.Equal(0, member.Machine.Wake(_now));
                    member.Machine.Step(_now, new VrrpFacts(null, member.Settings.Priority, true));
                }

                Judge();
            }
        }

        private void Trouble()
        {
            var member = _members[_random.Next(_members.Count)];
            if (_random.Next(1500) > 0)
                return;
            if (!member.IsAlive)
                member.Start(_now);
            else if (_random.Next(2) == 0)
                member.Die();
            else
                member.Machine.Stop(_now);
        }

        private void Judge()
        {
            var masters = _members.Where(member => member.IsAlive && member.Machine.State == VrrpState.Master).ToArray();
            if (masters.Length > 0)
                _lastMaster = _now;
            var hasCandidate = _members.Any(member => member.IsAlive && !member.Machine.IsStopping && _now - member.Started > MasterDown);
            Assert.True(masters.Length > 0 || !hasCandidate || _now - _lastMaster <= MasterDown, $"{Describe()}: no master for {(_now - _lastMaster) / Millisecond} ms");

            _twoSince = masters.Length < 2 ? long.MaxValue : Math.Min(_twoSince, _now);
            // At most two of the better one's are lost.
            var longest = ((_isLossy ? 3 : 0) * Interval * (masters.Length - 1)) + (2 * MostDelay);
            Assert.True(masters.Length < 2 || _now - _twoSince <= longest, $"{Describe()}: {masters.Length} masters for {(_now - _twoSince) / Millisecond} ms");
        }

        private string Describe() => $"seed {_seed}, {_now / Millisecond} ms, {string.Join(", ", _members.Select(member => $"{member.Settings.Priority} {(member.IsAlive ? member.Machine.State : "dead")}"))}";

        private void Broadcast(Member from, int priority)
        {
            foreach (var to in _members)
            {
                var lost = _lost.GetValueOrDefault((from, to));
                if (_isLossy && lost < 2 && priority > 0 && _random.Next(3) == 0)
                {
                    _lost[(from, to)] = lost + 1;
                    continue;
                }

                _lost[(from, to)] = 0;
                _wire.Enqueue((to, from, new VrrpAdvertisement(3, 51, priority, Interval, from.Address, VrrpAddress.IPv4Group)), _now + _random.NextInt64(MostDelay));
            }
        }

        private sealed class Member : IVrrpActions
        {
            private readonly Lan _lan;

            public Member(Lan lan, VrrpConfiguration settings, UInt128 address)
            {
                (_lan, Settings, Address) = (lan, settings, address);
                Machine = null!;
                Start(0);
            }

            public VrrpConfiguration Settings { get; }

            public UInt128 Address { get; }

            public VrrpMachine Machine { get; private set; }

            public bool IsAlive { get; private set; }

            public long Started { get; private set; }

            public void Start(long now)
            {
                Machine = new VrrpMachine(Settings, [Routers.IPv4("10.9.0.100")], this, now);
                Machine.SetSource(0, Address);
                (IsAlive, Started) = (true, now);
            }

            public void Die() => IsAlive = false;

            public void Send(int router, int priority) => _lan.Broadcast(this, priority);

            public void Changed(VrrpState before, VrrpState now, string reason)
            {
                if (now != VrrpState.Master)
                    return;

                // Who is master and lives is replaced by a better one only.
                foreach (var other in _lan._members.Where(other => other != this && other.IsAlive && other.Machine.State == VrrpState.Master && _lan._now - other.Machine.Since > MasterDown))
                    Assert.True(Settings.Preempt && Settings.Priority > other.Settings.Priority, $"{_lan.Describe()}: a lower one replaced a living master");
            }

            public void Announce(int times)
            {
            }

            public void Released()
            {
                if (Machine.HasStopped)
                    Die();
            }
        }
    }
}
