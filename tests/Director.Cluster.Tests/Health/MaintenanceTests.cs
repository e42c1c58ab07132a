using System.Net;
using Director.Cluster.Health;
using Xunit;

namespace Director.Cluster.Tests.Health;

public class MaintenanceTests
{
    private static readonly ServerKey s_server = new(IPAddress.Parse("192.168.6.4"), 80);
    private static readonly DateTimeOffset s_then = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);

    private static MaintenanceWord Word(string target, bool isOn, int seconds) => new(target, isOn, s_then.AddSeconds(seconds), "lb1");

    [Theory]
    [InlineData("192.168.6.4:80", "192.168.6.4:80")]
    [InlineData("192.168.6.4", "192.168.6.4")]
    [InlineData("www/192.168.6.4:80", "www/192.168.6.4:80")]
    [InlineData("a/b/2001:db8:0::1", "a/b/2001:db8::1")]
    [InlineData("[2001:db8::1]:80", "[2001:db8::1]:80")]
    [InlineData("web1", null)]
    [InlineData("192.168.6.4:http", null)]
    [InlineData("www/", null)]
    public void A_target_is_an_address_with_or_without_port_and_service(string text, string? target) => Assert.Equal(target, Maintenance.Target(text));

    [Fact]
    public void The_latest_word_counts_before_file_and_folder_and_an_older_one_is_no_news()
    {
        var maintenance = new Maintenance();
        Assert.False(maintenance.IsOn("www", s_server, byFile: false));
        Assert.True(maintenance.IsOn("www", s_server, byFile: true));
        Assert.True(maintenance.Take(Word("192.168.6.4", true, 1)));
        Assert.True(maintenance.IsOn("www", s_server, byFile: false));
        Assert.True(maintenance.Take(Word("www/192.168.6.4:80", false, 2)));
        Assert.False(maintenance.IsOn("www", s_server, byFile: true));
        Assert.True(maintenance.IsOn("mail", s_server, byFile: false));
        Assert.False(maintenance.Take(Word("www/192.168.6.4:80", true, 1)));
        Assert.False(maintenance.Take(Word("www/192.168.6.4:80", false, 2)));
        Assert.False(maintenance.IsOn("www", s_server, byFile: true));
    }

    [Fact]
    public void A_new_word_is_later_than_all_that_are_known_whatever_the_clock_says()
    {
        var maintenance = new Maintenance();
        Assert.Equal(s_then, maintenance.After(s_then));
        maintenance.Take(Word("192.168.6.4", true, 5));
        maintenance.Take(Word("192.168.6.5", true, 3));
        Assert.Equal(s_then.AddSeconds(5).AddTicks(1), maintenance.After(s_then));
        Assert.Equal(s_then.AddSeconds(6), maintenance.After(s_then.AddSeconds(6)));
    }

    [Theory]
    [InlineData("192.168.6.4:80", true)]
    [InlineData("192.168.6.4", true)]
    [InlineData("192.168.6.4:81", false)]
    [InlineData("192.168.6", false)]
    public void A_file_in_the_folder_names_a_real_server(string file, bool isOn)
    {
        var maintenance = new Maintenance { Files = [file] };
        Assert.Equal(isOn, maintenance.IsOn("www", s_server, byFile: false));
    }
}
