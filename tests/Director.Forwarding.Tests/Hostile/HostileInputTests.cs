using Xunit;
using Xunit.Abstractions;

namespace Director.Forwarding.Tests.Hostile;

/// <summary>Whatever comes from the wire, nothing is read or written outside a frame, nothing throws, nothing leaks, and what goes out is in order (docs/hostile-input.md).</summary>
public sealed class HostileInputTests(ITestOutputHelper output)
{
    [Fact]
    public void Nothing_that_comes_in_does_harm()
    {
        using var said = new StringWriter();
        var findings = HostileProgram.Fuzz(TimeSpan.FromSeconds(HostileProgram.Seconds(25)), [HostileProgram.Seed ?? HostileProgram.KnownSeed], said);
        output.WriteLine(said.ToString());
        Assert.True(findings.Count == 0, said.ToString());
    }
}
