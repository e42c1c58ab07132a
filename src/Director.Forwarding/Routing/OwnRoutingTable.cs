namespace Director.Forwarding.Routing;

/// <summary>The routing table that leads back into our TUN device.</summary>
internal static class OwnRoutingTable
{
    /// <summary>Its number: no one else's, so that our rules are known by it.</summary>
    public const uint Number = 53_740;
}
