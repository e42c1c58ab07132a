namespace Director.Forwarding.Scheduling;

/// <summary>Arithmetic on the weights of a service's real servers.</summary>
internal static class Weights
{
    /// <summary>The greatest common divisor of all weights above 0; 0 when there is none.</summary>
    public static int GreatestCommonDivisor(Destination[] destinations, Func<Destination, int> weight) =>
        destinations.Select(weight).Where(each => each > 0).Aggregate(0, GreatestCommonDivisor);

    private static int GreatestCommonDivisor(int left, int right)
    {
        while (right != 0)
        {
            (left, right) = (right, left % right);
        }

        return left;
    }
}
