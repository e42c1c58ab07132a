using System.Globalization;

namespace Director.Agent;

/// <summary>What the processors have done since the host started, in ticks (<c>/proc/stat</c>, proc(5)).</summary>
/// <param name="Busy">Neither idle nor waiting for a disk nor taken by the hypervisor.</param>
/// <param name="Total">All, but what the hypervisor took.</param>
internal readonly record struct ProcessorTimes(ulong Busy, ulong Total)
{
    // cpu user nice system idle iowait irq softirq steal guest guest_nice; guest is in user.
    private const int Idle = 3;
    private const int Waiting = 4;
    private const int Stolen = 7;

    /// <summary>Reads <c>/proc/stat</c>; null where it is not what it should be.</summary>
    public static ProcessorTimes? Parse(string text)
    {
        string[] fields = text.Split('\n', 2)[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 5 || fields[0] != "cpu")
            return null;
        ulong busy = 0, total = 0;
        for (int i = 0; i < Math.Min(fields.Length - 1, Stolen + 1); i++)
        {
            if (!ulong.TryParse(fields[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out ulong ticks))
                return null;
            total += i == Stolen ? 0 : ticks;
            busy += i is Idle or Waiting or Stolen ? 0 : ticks;
        }

        return new(busy, total);
    }

    /// <summary>Load from 0 to 100 since an earlier look; null where no time has passed.</summary>
    public double? LoadSince(ProcessorTimes earlier) =>
        // Idle and waiting times may go back a little (proc(5)).
        Total > earlier.Total ? 100.0 * (Busy > earlier.Busy ? Math.Min(Busy - earlier.Busy, Total - earlier.Total) : 0) / (Total - earlier.Total) : null;
}
