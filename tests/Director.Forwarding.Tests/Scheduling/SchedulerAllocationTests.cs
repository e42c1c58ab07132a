using Xunit;

namespace Director.Forwarding.Tests.Scheduling;

/// <summary>Setting up a connection puts nothing on the managed heap.</summary>
public class SchedulerAllocationTests
{
    public static TheoryData<string> Names => [.. SchedulerNames.All];

    [Theory]
    [MemberData(nameof(Names))]
    public void Scheduling_allocates_nothing_once_warm(string scheduler)
    {
        using var test = new ServiceUnderTest(scheduler, [1, 2, 3], SchedulerFlags.Fallback | SchedulerFlags.Port);
        Assert.Equal(0, Allocations.Least(() => Run(test)));
    }

    /// <summary>Beyond what lblc and lblcr remember, so that they forget and use again.</summary>
    private static void Run(ServiceUnderTest test)
    {
        for (uint connection = 0; connection < 20_000; connection++)
        {
            test.Ask(ServiceUnderTest.From(connection, (ushort)connection, connection));
        }
    }
}
