using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>A part of the table that has one owner in the cluster: a virtual service, or the idle timeouts. The rest of the table is each director's own.</summary>
/// <param name="Service">The virtual service; null is the idle timeouts.</param>
internal readonly record struct PartKey(ServiceKey? Service)
{
    /// <summary>The idle timeouts.</summary>
    public static PartKey Timeouts => default;

    /// <summary>The part's name, the same on all directors: <c>TCP 10.0.0.1:80</c>, <c>FWM 1 IPv6</c>, <c>timeouts</c>.</summary>
    public override string ToString() => Service is { } service ? service.ToString() : "timeouts";
}
