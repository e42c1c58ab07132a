using Director.Configuration.Reading;
using FsCheck.Xunit;
using Xunit;

namespace Director.Configuration.Tests.Reading;

public sealed class UnitsTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("5us", 50)]
    [InlineData("1ms", 10_000)]
    [InlineData("1.5 s", 15_000_000)]
    [InlineData("2 minutes", 1_200_000_000)]
    [InlineData("1h", 36_000_000_000)]
    [InlineData("1d", 864_000_000_000)]
    public void Durations_have_units(string text, long ticks)
    {
        Assert.True(Units.TryDuration(text, out var duration));
        Assert.Equal(ticks, duration.Ticks);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("-1s")]
    [InlineData("1 S")]
    [InlineData("1.2.3s")]
    [InlineData("1e3s")]
    [InlineData("0.01us")]
    [InlineData("99999999999999d")]
    [InlineData("0x")]
    public void What_is_no_duration_is_refused(string text) => Assert.False(Units.TryDuration(text, out _));

    [Theory]
    [InlineData("4096", 4096)]
    [InlineData("1K", 1024)]
    [InlineData("1k", 1024)]
    [InlineData("64MiB", 64 << 20)]
    [InlineData("64 MiB", 64 << 20)]
    [InlineData("1.5KiB", 1536)]
    [InlineData("1kB", 1000)]
    [InlineData("2MB", 2_000_000)]
    [InlineData("1G", 1 << 30)]
    [InlineData("3 megabytes", 3_000_000)]
    public void Sizes_have_powers_of_1024_and_of_1000(string text, long bytes)
    {
        Assert.True(Units.TryBytes(text, out var read));
        Assert.Equal(bytes, read);
    }

    [Theory]
    [InlineData("")]
    [InlineData("MiB")]
    [InlineData("1.5")]
    [InlineData("1 TiB")]
    [InlineData("-1")]
    public void What_is_no_size_is_refused(string text) => Assert.False(Units.TryBytes(text, out _));

    [Property]
    public void A_written_duration_is_read_again(uint microseconds)
    {
        var duration = TimeSpan.FromMicroseconds(microseconds);
        Assert.True(Units.TryDuration(Units.Write(duration), out var read));
        Assert.Equal(duration, read);
    }
}
