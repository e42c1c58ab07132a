using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>Error numbers with which IPVS refuses a change; values as in Linux's <c>errno.h</c>.</summary>
public enum EditErrno
{
    /// <summary>ENOENT: no such real server, or no such scheduler.</summary>
    NotFound = 2,

    /// <summary>ESRCH: no such service.</summary>
    NoService = 3,

    /// <summary>EEXIST: the service or real server is there already.</summary>
    Exists = 17,

    /// <summary>EINVAL: an address that no packet can be sent to, a family that the forwarding method cannot bridge, ...</summary>
    Invalid = 22,

    /// <summary>ERANGE: a weight or threshold out of its range.</summary>
    OutOfRange = 34,
}

/// <summary>Why a change was refused. The table is as it was.</summary>
/// <param name="Errno">The error number IPVS would give.</param>
/// <param name="Text">What <c>ipvsadm</c> 1.31 prints for it (<c>ipvs_strerror</c> in <c>libipvs.c</c>).</param>
public sealed record EditError(EditErrno Errno, string Text);

/// <summary>The outcome of a change: the new table, or why there is none.</summary>
/// <param name="Table">The new table; null when refused.</param>
/// <param name="Error">Why it was refused; null when it was not.</param>
public readonly record struct EditResult(ForwardingTable? Table, EditError? Error);
