using Director.Forwarding;

namespace Director.Ipvsadm;

/// <summary>Scheduler flags by name: sh and mh have names of their own for the first two.</summary>
internal static class SchedulerFlagNames
{
    /// <summary>The names, joined by commas, as lists show them. sh and mh hide the third flag.</summary>
    public static string Of(string scheduler, SchedulerFlags flags) => string.Join(',', Names(scheduler, flags, hidesThird: scheduler is "sh" or "mh"));

    /// <summary>The names, joined by commas, so that <c>-b</c> sets the same flags again.</summary>
    public static string ForRule(string scheduler, SchedulerFlags flags) => string.Join(',', Names(scheduler, flags, hidesThird: false));

    private static IEnumerable<string> Names(string scheduler, SchedulerFlags flags, bool hidesThird)
    {
        string? own = scheduler is "sh" or "mh" ? scheduler : null;
        if (flags.HasFlag(SchedulerFlags.Fallback))
            yield return own is null ? "flag-1" : $"{own}-fallback";
        if (flags.HasFlag(SchedulerFlags.Port))
            yield return own is null ? "flag-2" : $"{own}-port";
        if (flags.HasFlag(SchedulerFlags.Third) && !hidesThird)
            yield return "flag-3";
    }
}
