using System.Collections.Immutable;
using Director.Cluster.Availability;
using Director.Cluster.Partitioning;
using FsCheck.Xunit;
using Xunit;

namespace Director.Cluster.Tests.Partitioning;

public sealed class PartitionReportTests
{
    private static readonly PartitionReport Example = new("www", 700, true, new PartitionMap(0x0102_0304_0506, [.. Enumerable.Range(0, 512).Select(i => i % 3 == 0 ? null : i % 3 == 1 ? "a" : "ü")]) { Lost = ["lost"] }, 41);

    [Fact]
    public void What_is_written_is_read()
    {
        Assert.True(PartitionReport.TryDecode(Example.Encode(), out var read));
        Assert.Equal(Example, read);
        Assert.Equal(["lost"], read.Map.Lost);
    }

    [Fact]
    public void The_bytes_are_these()
    {
        var bytes = Example.Encode();
        // DP1, weight 700, ready, epoch, settled 41, three names, the second ("lost") is lost; the names; nobody, a, ü, nobody, ... in four bits each.
        Assert.StartsWith("44503102BC0100000102030405060000000000000029030002" + "03777777" + "0161" + "046C6F7374" + "02C3BC" + "F02F02", Convert.ToHexString(bytes), StringComparison.Ordinal);
        Assert.Equal(25 + 4 + 2 + 5 + 3 + 256, bytes.Length);
    }

    [Fact]
    public void Fifteen_directors_with_names_of_50_letters_fit_in_a_heartbeat()
    {
        string[] names = [.. Enumerable.Range(0, 15).Select(i => $"{i:00}{new string('x', 48)}")];
        var report = Example with { Map = new PartitionMap(1, [.. Enumerable.Range(0, 512).Select(i => names[i % 15])]) };
        Assert.InRange(report.Encode().Length, 1, IHeardDirectors.MaxPayloadBytes);
        Assert.True(PartitionReport.TryDecode(report.Encode(), out var read));
        Assert.Equal(report, read);
    }

    [Fact]
    public void What_does_not_fit_is_refused_in_a_line()
    {
        var report = Example with { Map = new PartitionMap(1, [.. Enumerable.Range(0, 512).Select(i => $"d{i % 16}")]) };
        Assert.StartsWith("the partition of group 'www' has 16 directors", Assert.Throws<InvalidOperationException>(() => report.Encode()).Message, StringComparison.Ordinal);
    }

    [Property]
    public void Any_bytes_are_read_or_refused(byte[] rest, bool isAlmostRight, ushort at, byte value)
    {
        byte[] bytes = [.. "DP1"u8, .. rest];
        if (isAlmostRight)
        {
            bytes = Example.Encode();
            bytes[at % bytes.Length] = value;
            bytes = bytes[..^(rest.Length % 3)];
        }

        if (PartitionReport.TryDecode(bytes, out var report))
            Assert.Equal(512, report.Map.Owners.Length);
    }

    [Fact]
    public void Another_version_is_no_report()
    {
        var bytes = Example.Encode();
        bytes[2] = (byte)'2';
        Assert.False(PartitionReport.TryDecode(bytes, out _));
    }
}
