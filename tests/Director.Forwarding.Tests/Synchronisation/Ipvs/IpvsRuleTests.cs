using Director.Forwarding.Connections;
using Director.Forwarding.Packets;
using Director.Forwarding.Synchronisation.Ipvs;
using Xunit;

namespace Director.Forwarding.Tests.Synchronisation.Ipvs;

/// <summary>After which packets a kernel tells of a connection.</summary>
public sealed class IpvsRuleTests
{
    private const uint Lifetime = 90_000;

    private uint _told;

    [Theory]
    [InlineData(3, 50, "3 53 103")]
    [InlineData(0, 50, "50 100")]
    [InlineData(3, 0, "3")]
    [InlineData(0, 1, "1 2 3 4 5 6 7 8 9 10")]
    public void An_established_connection_is_told_of_by_packets(int threshold, int period, string packets)
    {
        var rule = new IpvsRule(new IpvsSendingOptions { Threshold = threshold, Period = period });
        var limit = period == 1 ? 10 : 120;
        Assert.Equal(packets, string.Join(' ', Enumerable.Range(1, limit).Where(packet => IsDue(rule, TcpState.Established, (uint)packet))));
    }

    [Fact]
    public void Only_the_states_of_a_connection_that_was_established_are_told_of()
    {
        var rule = new IpvsRule(new IpvsSendingOptions());
        var told = Enum.GetValues<TcpState>().Where(state =>
        {
            _told = 0;
            return IsDue(rule, state, 3);
        });
        Assert.Equal([TcpState.Established, TcpState.FinWait, TcpState.TimeWait, TcpState.Close, TcpState.CloseWait], told.Order());
    }

    [Fact]
    public void A_state_other_than_established_is_told_at_once_and_once()
    {
        var rule = new IpvsRule(new IpvsSendingOptions());
        Assert.False(IsDue(rule, TcpState.Established, 1));
        Assert.True(IsDue(rule, TcpState.CloseWait, 2));
        Assert.False(IsDue(rule, TcpState.CloseWait, 4));
        Assert.True(IsDue(rule, TcpState.TimeWait, 5));
        Assert.False(IsDue(rule, TcpState.TimeWait, 6));
        Assert.True(IsDue(rule, TcpState.TimeWait, 53));
        _told = IpvsRule.Told(TcpState.Close);
        Assert.False(IsDue(rule, TcpState.Close, 4));
    }

    [Fact]
    public void A_datagram_protocol_is_told_of_by_packets_alone()
    {
        var rule = new IpvsRule(new IpvsSendingOptions());
        Assert.Equal([3, 53], Enumerable.Range(1, 60).Where(packet => rule.IsDue(ref _told, Wire.Udp, TcpState.None, false, (uint)packet, 0, 30_000)));
    }

    [Fact]
    public void Within_a_refresh_period_nothing_is_told_again()
    {
        var rule = new IpvsRule(new IpvsSendingOptions { Threshold = 0, Period = 1, RefreshPeriod = TimeSpan.FromSeconds(20) });
        Assert.Equal([1000u, 3000u, 5000u], Enumerable.Range(0, 60).Select(i => 1000u + ((uint)i * 100)).Where(now => IsDue(rule, TcpState.Established, 1, now)));
    }

    [Fact]
    public void It_is_repeated_an_eighth_of_the_period_later()
    {
        var rule = new IpvsRule(new IpvsSendingOptions { Threshold = 0, Period = 1, RefreshPeriod = TimeSpan.FromSeconds(40), Retries = 2 });
        Assert.Equal([1000u, 1500u, 2000u, 6000u], Enumerable.Range(0, 54).Select(i => 1000u + ((uint)i * 100)).Where(now => IsDue(rule, TcpState.Established, 1, now)));
    }

    [Fact]
    public void A_short_timeout_is_refreshed_every_ten_seconds_whatever_the_period()
    {
        var rule = new IpvsRule(new IpvsSendingOptions { Threshold = 0, Period = 1, RefreshPeriod = TimeSpan.FromHours(1) });
        Assert.Equal([1000u, 2000u], Enumerable.Range(0, 20).Select(i => 1000u + ((uint)i * 100)).Where(now => rule.IsDue(ref _told, Wire.Udp, TcpState.None, false, 1, now, 1200)));
    }

    [Fact]
    public void With_templates_only_what_one_controls_is_not_told_of()
    {
        var rule = new IpvsRule(new IpvsSendingOptions { TemplatesOnly = true, Version = 0 });
        Assert.False(rule.IsDue(ref _told, Wire.Tcp, TcpState.Established, isControlled: true, 3, 0, Lifetime));
        Assert.True(rule.IsDue(ref _told, Wire.Tcp, TcpState.Established, isControlled: false, 3, 0, Lifetime));
        Assert.True(rule.LooksAtTemplate(wasTold: false));
    }

    [Fact]
    public void A_template_is_told_of_with_each_packet_unless_a_refresh_period_or_no_period_says_otherwise()
    {
        Assert.Equal([1, 2, 3, 4], Due(new IpvsSendingOptions()));
        Assert.Equal([1], Due(new IpvsSendingOptions { RefreshPeriod = TimeSpan.FromSeconds(10) }));
        Assert.Equal([3], Due(new IpvsSendingOptions { Period = 0 }));
        Assert.Equal((true, false, true), (new IpvsRule(new()).LooksAtTemplate(false), new IpvsRule(new() { Version = 0 }).LooksAtTemplate(false), new IpvsRule(new() { Version = 0 }).LooksAtTemplate(true)));

        static IEnumerable<int> Due(IpvsSendingOptions options)
        {
            var rule = new IpvsRule(options);
            var told = 0u;
            return [.. Enumerable.Range(1, 4).Where(packet => rule.IsTemplateDue(ref told, (uint)packet, 1000 + (uint)packet, 30_000))];
        }
    }

    private bool IsDue(IpvsRule rule, TcpState state, uint packets, uint now = 1000) => rule.IsDue(ref _told, Wire.Tcp, state, false, packets, now, Lifetime);
}
