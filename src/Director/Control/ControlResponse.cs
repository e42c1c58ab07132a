using System.Collections.Immutable;
using Director.Cluster.Telemetry;
using Director.Forwarding;

namespace Director.Control;

/// <summary>Why the director did not do what was asked.</summary>
internal enum ControlError
{
    /// <summary>The request could not be read; a director of another version.</summary>
    BadRequest,

    /// <summary>The table does not allow it; the message is ipvsadm's.</summary>
    Refused,

    /// <summary>The director could not do it now; the message says why.</summary>
    Failed,
}

/// <summary>What the director answers.</summary>
internal sealed record ControlResponse
{
    /// <summary>Done, with nothing to say.</summary>
    public static ControlResponse Done { get; } = new();

    /// <summary>Version that the director speaks.</summary>
    public int Version { get; init; } = ControlRequest.CurrentVersion;

    /// <summary>Null: it was done.</summary>
    public ControlError? Error { get; init; }

    /// <summary>What is wrong, for people, in one line.</summary>
    public string? Message { get; init; }

    /// <summary>To <see cref="ControlRequest.Report"/>.</summary>
    public DirectorFigures? Report { get; init; }

    /// <summary>To <see cref="ControlRequest.Cluster"/>.</summary>
    public ClusterFigures? Cluster { get; init; }

    /// <summary>To <see cref="ControlRequest.Connections"/>: a part of them.</summary>
    public ImmutableArray<ConnectionReport>? Connections { get; init; }

    /// <summary>To <see cref="ControlRequest.Daemons"/>: the master first.</summary>
    public ImmutableArray<IpvsDaemonOptions>? Daemons { get; init; }

    /// <summary>Another line with more of the same answer follows.</summary>
    public bool More { get; init; }

    /// <summary>It was not done.</summary>
    public static ControlResponse Refused(ControlError error, string message) => new() { Error = error, Message = message };
}
