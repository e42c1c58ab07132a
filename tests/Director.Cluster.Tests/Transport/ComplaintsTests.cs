using Director.Cluster.Transport;
using Xunit;

namespace Director.Cluster.Tests.Transport;

public sealed class ComplaintsTests
{
    private readonly List<string> _said = [];
    private readonly Clock _clock = new();
    private readonly Complaints _complaints;

    public ComplaintsTests() => _complaints = new(_said.Add, _clock);

    [Fact]
    public void The_same_is_said_again_only_after_ten_minutes()
    {
        _complaints.Say("a", "a is gone");
        _clock.Now = TimeSpan.FromSeconds(599);
        _complaints.Say("a", "a is gone");
        Assert.Equal(["a is gone"], _said);
        _clock.Now = TimeSpan.FromSeconds(600);
        _complaints.Say("a", "a is gone");
        Assert.Equal(["a is gone", "a is gone"], _said);
    }

    [Fact]
    public void Another_peer_another_reason_and_one_that_was_well_in_between_are_said_at_once()
    {
        _complaints.Say("a", "a is gone");
        _complaints.Say("b", "b is gone");
        _complaints.Say("a", "a is a stranger");
        _complaints.Forget("a");
        _complaints.Say("a", "a is gone");
        _complaints.Say("b", "b is gone");
        Assert.Equal(["a is gone", "b is gone", "a is a stranger", "a is gone"], _said);
    }

    [Fact]
    public void Who_comes_with_many_addresses_gets_one_line_for_all_and_no_memory()
    {
        for (var peer = 0; peer < 10_000; peer++)
        {
            _complaints.Say($"{peer}", $"{peer} is a stranger");
        }

        Assert.Equal(Complaints.Most + 1, _said.Count);
        Assert.Equal("more than 256 peers were refused in 10 minutes: the next are not named", _said[^1]);
        _clock.Now = Complaints.Again;
        _complaints.Say("a", "a is gone");
        Assert.Equal("a is gone", _said[^1]);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
