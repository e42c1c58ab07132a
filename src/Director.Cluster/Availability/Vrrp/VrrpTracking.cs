using System.Collections.Immutable;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>Something that a group's priority follows.</summary>
/// <param name="Weight">As in the configuration; 0: the group is not held while it is down.</param>
/// <param name="WhyDown">What to say when it is down.</param>
/// <param name="IsUp">Whether it is well; null: not known yet.</param>
internal readonly record struct VrrpTracked(int Weight, string WhyDown, Func<bool?> IsUp);

/// <summary>What a group's priority is by what it follows (keepalived's rules).</summary>
internal static class VrrpTracking
{
    /// <summary>The priority, and what keeps the group from being held.</summary>
    /// <param name="priority">As configured; 255 stays what it is.</param>
    /// <param name="tracked">What it follows.</param>
    /// <param name="obstacle">Why the group cannot be held; null when it can.</param>
    public static int Follow(int priority, ImmutableArray<VrrpTracked> tracked, out string? obstacle)
    {
        obstacle = null;
        var sum = priority;
        foreach (var one in tracked)
        {
            var isUp = one.IsUp();
            if (one.Weight == 0)
                obstacle ??= isUp == true ? null : one.WhyDown;
            else if (one.Weight > 0)
                sum += isUp == true ? one.Weight : 0;
            else
                sum += isUp == false ? one.Weight : 0;
        }

        return priority == 255 ? priority : Math.Clamp(sum, 1, 254);
    }
}

/// <summary>Whether something is well, by how often in a row it was or was not. The first result decides alone.</summary>
internal sealed class RiseAndFall(int rise, int fall)
{
    private int _against;

    /// <summary>Whether it is; null before the first result.</summary>
    public bool? IsUp { get; private set; }

    /// <summary>Takes a result.</summary>
    public void Note(bool isGood)
    {
        if (IsUp is not { } isUp)
            IsUp = isGood;
        else if (isGood == isUp)
            _against = 0;
        else if (++_against >= (isGood ? rise : fall))
            (IsUp, _against) = (isGood, 0);
    }
}
