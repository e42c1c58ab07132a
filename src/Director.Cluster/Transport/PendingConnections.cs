using System.Net;

namespace Director.Cluster.Transport;

/// <summary>
/// Connections that have not shown yet who they are: bounded in number, in all and from one address. Where there is no room, the oldest is cut off: a director needs milliseconds,
/// and who holds connections open without speaking is the one that waits longest. Members may be called from any thread.
/// </summary>
/// <param name="most">How many in all.</param>
/// <param name="mostOfOne">How many from one address.</param>
internal sealed class PendingConnections(int most, int mostOfOne)
{
    private readonly Lock _lock = new();
    private readonly List<(IPAddress From, IDisposable Connection)> _pending = [];

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _pending.Count;
            }
        }
    }

    /// <summary>Takes one in and disposes of the one that has to go, if any.</summary>
    /// <returns>Whether one had to go.</returns>
    public bool Add(IPAddress from, IDisposable connection)
    {
        IDisposable? cutOff = null;
        lock (_lock)
        {
            var oldest = _pending.Count(pending => pending.From.Equals(from)) >= mostOfOne ? _pending.FindIndex(pending => pending.From.Equals(from))
                : _pending.Count >= most ? 0
                : -1;
            if (oldest >= 0)
            {
                cutOff = _pending[oldest].Connection;
                _pending.RemoveAt(oldest);
            }

            _pending.Add((from, connection));
        }

        cutOff?.Dispose();
        return cutOff is not null;
    }

    /// <summary>One has shown who it is, or is gone.</summary>
    public void Remove(IDisposable connection)
    {
        lock (_lock)
        {
            _pending.RemoveAll(pending => ReferenceEquals(pending.Connection, connection));
        }
    }
}
