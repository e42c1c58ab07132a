using System.Collections.Concurrent;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Engine;

/// <summary>
/// MTUs on the ways to real servers behind tunnels, as routers there have reported them. Shared by all workers: a report reaches only one. Forgotten after ten minutes, as the kernel does
/// (mtu_expires), since a way may have become wider.
/// </summary>
internal sealed class PathMtus
{
    private const long LifetimeMilliseconds = 600_000;

    private readonly ConcurrentDictionary<InetAddress, (int Mtu, long Since)> _known = new();
    private int _generation;

    /// <summary>Changes whenever an answer of <see cref="Of"/> does.</summary>
    public int Generation => Volatile.Read(ref _generation);

    /// <summary>The MTU to an address, in bytes; <see cref="int.MaxValue"/> when nothing was reported.</summary>
    public int Of(in InetAddress address) => _known.TryGetValue(address, out var known) ? known.Mtu : int.MaxValue;

    /// <summary>Takes a report.</summary>
    public void Learn(in InetAddress address, int mtu, long nowMilliseconds)
    {
        _known[address] = (mtu, nowMilliseconds);
        Interlocked.Increment(ref _generation);
    }

    /// <summary>Forgets old reports.</summary>
    public void Expire(long nowMilliseconds)
    {
        foreach (var (address, known) in _known)
        {
            if (nowMilliseconds - known.Since >= LifetimeMilliseconds && _known.TryRemove(address, out _))
                Interlocked.Increment(ref _generation);
        }
    }
}
