namespace Director.Cluster.Transport;

/// <summary>Says what is wrong with a peer once, not at each attempt: the same again only after <see cref="Again"/>, or after it was well in between. Members may be called from any thread.</summary>
internal sealed class Complaints(Action<string> log, TimeProvider clock)
{
    /// <summary>Texts that are remembered; who makes more of them, with many addresses, gets one line for all.</summary>
    internal const int Most = 256;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Peer, string Text), long> _said = [];

    /// <summary>When the same is said again.</summary>
    internal static TimeSpan Again { get; } = TimeSpan.FromMinutes(10);

    /// <summary>Logs a line unless it was said lately.</summary>
    public void Say(string peer, string text)
    {
        var now = clock.GetTimestamp();
        lock (_lock)
        {
            if (_said.TryGetValue((peer, text), out var last) && clock.GetElapsedTime(last, now) < Again)
            {
                return;
            }

            if (_said.Count >= Most)
            {
                foreach (var old in _said.Where(said => clock.GetElapsedTime(said.Value, now) >= Again).Select(said => said.Key).ToArray())
                {
                    _said.Remove(old);
                }
            }

            if (_said.Count >= Most)
            {
                if (_said.Count == Most)
                {
                    _said.Add(("", ""), now);
                    log($"more than {Most} peers were refused in {Again.TotalMinutes:0} minutes: the next are not named");
                }

                return;
            }

            _said[(peer, text)] = now;
        }

        log(text);
    }

    /// <summary>A peer is well: what is wrong next is said at once.</summary>
    public void Forget(string peer)
    {
        lock (_lock)
        {
            foreach (var said in _said.Keys.Where(said => said.Peer == peer).ToArray())
            {
                _said.Remove(said);
            }
        }
    }
}
