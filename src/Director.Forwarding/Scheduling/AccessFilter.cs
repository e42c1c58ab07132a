using Director.Forwarding.Packets;

namespace Director.Forwarding.Scheduling;

/// <summary>An <see cref="AccessList"/> made ready for look-ups.</summary>
internal sealed class AccessFilter(AccessList list)
{
    private readonly PrefixSet _allowed = PrefixSet.From(list.Allow);
    private readonly PrefixSet _denied = PrefixSet.From(list.Deny);

    /// <summary>Whether this client may open connections.</summary>
    public bool Admits(in InetAddress client) => !_denied.Contains(client) && (_allowed.IsEmpty || _allowed.Contains(client));
}
