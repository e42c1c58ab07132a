using System.Text.Json.Serialization;
using Director.Cluster.VirtualServices;
using Director.Forwarding;

namespace Director.Control;

/// <summary>What a local command asks of the running director: one JSON object on one line. The answer is one line, or several where it is long.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "request")]
[JsonDerivedType(typeof(Report), "report")]
[JsonDerivedType(typeof(Cluster), "cluster")]
[JsonDerivedType(typeof(Connections), "connections")]
[JsonDerivedType(typeof(Zero), "zero")]
[JsonDerivedType(typeof(Edit), "edit")]
[JsonDerivedType(typeof(Maintenance), "maintenance")]
[JsonDerivedType(typeof(Daemons), "daemons")]
[JsonDerivedType(typeof(StartDaemon), "start-daemon")]
[JsonDerivedType(typeof(StopDaemon), "stop-daemon")]
internal abstract record ControlRequest
{
    /// <summary>Version of this protocol. A director refuses others: command and director come in one package.</summary>
    public const int CurrentVersion = 1;

    private ControlRequest()
    {
    }

    /// <summary>Version that the client speaks.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Who the director is and what it has done.</summary>
    public sealed record Report : ControlRequest;

    /// <summary>The whole cluster at a glance.</summary>
    public sealed record Cluster : ControlRequest;

    /// <summary>Every connection and template.</summary>
    public sealed record Connections : ControlRequest;

    /// <summary>Sets the totals of a service, or of all when null, to zero.</summary>
    public sealed record Zero(ServiceKey? Service = null) : ControlRequest;

    /// <summary>Changes the table.</summary>
    public sealed record Edit(TableEdit Change) : ControlRequest;

    /// <summary>Takes a real server into maintenance or back.</summary>
    public sealed record Maintenance(string Server, bool IsOn) : ControlRequest;

    /// <summary>The daemons of the kernel's synchronisation.</summary>
    public sealed record Daemons : ControlRequest;

    /// <summary>Starts a daemon of the kernel's synchronisation, on this director alone.</summary>
    public sealed record StartDaemon(IpvsDaemonOptions Daemon) : ControlRequest;

    /// <summary>Ends a daemon of the kernel's synchronisation.</summary>
    public sealed record StopDaemon(IpvsRole Role) : ControlRequest;
}
