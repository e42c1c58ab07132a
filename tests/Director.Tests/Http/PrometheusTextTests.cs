using System.Text.RegularExpressions;
using Director.Http;
using Xunit;

namespace Director.Tests.Http;

public sealed partial class PrometheusTextTests
{
    private readonly string[] _lines = PrometheusText.Format(Figures.Cluster).Split('\n');

    [Fact]
    public void Every_director_has_its_figures_under_its_own_label()
    {
        Assert.Contains("director_connections{director=\"lb1\"} 34", _lines);
        Assert.Contains("director_connections{director=\"lb2\"} 34", _lines);
        Assert.Contains("director_packet_events_total{director=\"lb1\",event=\"drop-no-service\"} 9", _lines);
        Assert.Contains("director_group_held{director=\"lb1\",group=\"default\"} 1", _lines);
        Assert.Contains("director_group_held{director=\"lb2\",group=\"default\"} 0", _lines);
        Assert.Contains("director_partition_blocks{director=\"lb1\",group=\"default\"} 256", _lines);
        Assert.Contains("director_synchronised{director=\"lb2\"} 1", _lines);
        Assert.Contains("director_group_takes_total{director=\"lb1\",group=\"default\"} 2", _lines);
        Assert.Contains("director_heartbeat_longest_pause_seconds{director=\"lb1\"} 0.25", _lines);
        Assert.Contains("director_heartbeat_events_total{director=\"lb1\",event=\"drop-forged\"} 4", _lines);
        Assert.Contains("director_synchronisation_events_total{director=\"lb1\",event=\"drop-replayed\"} 5", _lines);
        Assert.Contains("director_feedback_percent{director=\"lb1\",name=\"www\",real_server=\"10.1.0.11:80\",agent=\"rs1\"} 40", _lines);
        Assert.Contains("director_feedback_stale{director=\"lb1\",name=\"www\",real_server=\"10.1.0.11:80\",agent=\"rs1\"} 1", _lines);
        Assert.Contains("director_feedback_events_total{director=\"lb1\",event=\"drop-flood\"} 3", _lines);
        Assert.Contains("director_member_reachable{address=\"akka.tls://director@lb3:2551\",status=\"up\"} 0", _lines);
    }

    [Fact]
    public void Labels_are_escaped_and_numbers_are_plain()
    {
        Assert.Contains("director_service_connections_total{director=\"lb1\",service=\"TCP 10.0.0.1:80\",name=\"w\\\"w\\\\w\"} 1", _lines);
        Assert.Contains("director_real_server_out_bytes_total{director=\"lb1\",service=\"TCP 10.0.0.1:80\",name=\"w\\\"w\\\\w\",real_server=\"[fd00::1]:80\"} 1.8E+19", _lines);
    }

    [Fact]
    public void A_silent_director_is_down_and_shows_no_old_figures()
    {
        Assert.Contains("director_up{director=\"lb2\"} 1", _lines);
        Assert.Contains("director_up{director=\"lb3\"} 0", _lines);
        Assert.DoesNotContain(_lines, line => line.StartsWith("director_connections{director=\"lb3\"", StringComparison.Ordinal));
    }

    [Fact]
    public void Lines_of_one_name_stand_together_after_its_type_and_all_are_well_formed()
    {
        string[] names = [.. _lines.Where(line => line.Length > 0 && line[0] != '#').Select(line => line[..line.IndexOf('{', StringComparison.Ordinal)])];
        Assert.Equal(names.Distinct().Count(), names.Zip(names.Skip(1)).Count(pair => pair.First != pair.Second) + 1);
        Assert.Equal(names.Distinct(), _lines.Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)).Select(line => line.Split(' ')[2]));
        Assert.All(_lines.Where(line => line.Length > 0 && line[0] != '#'), line => Assert.Matches(Sample(), line));
        Assert.All(_lines.Where(line => line.StartsWith("# TYPE ", StringComparison.Ordinal)), line => Assert.Equal(line.EndsWith(" counter", StringComparison.Ordinal), line.Contains("_total ", StringComparison.Ordinal)));
    }

    // https://prometheus.io/docs/instrumenting/exposition_formats
    [GeneratedRegex("""^[a-z_]+\{([a-z_]+="([^"\\]|\\["\\n])*",?)+\} [0-9.E+]+$""")]
    private static partial Regex Sample();
}
