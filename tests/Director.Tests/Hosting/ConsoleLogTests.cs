using Director.Hosting;
using Xunit;

namespace Director.Tests.Hosting;

public sealed class ConsoleLogTests
{
    [Theory]
    [InlineData(LogStyle.Plain, "started", "2026-11-23T01:02:03.004Z info  started")]
    [InlineData(LogStyle.Plain, "warning: eth0 is down", "2026-11-23T01:02:03.004Z warn  eth0 is down")]
    [InlineData(LogStyle.Plain, "error: one\n  two", "2026-11-23T01:02:03.004Z error one   two")]
    [InlineData(LogStyle.Plain, "debug: x", "2026-11-23T01:02:03.004Z debug x")]
    [InlineData(LogStyle.Colour, "error: x", "2026-11-23T01:02:03.004Z \u001b[31merror\u001b[0m x")]
    [InlineData(LogStyle.Journal, "warning: x", "<4>x")]
    [InlineData(LogStyle.Journal, "x", "<6>x")]
    internal void An_event_is_one_line(LogStyle style, string line, string expected)
    {
        using StringWriter output = new() { NewLine = "\n" };
        new ConsoleLog(output, style, new Clock()).Write(line);
        Assert.Equal(expected + "\n", output.ToString());
    }

    private sealed class Clock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 11, 23, 1, 2, 3, 4, TimeSpan.Zero);
    }
}
