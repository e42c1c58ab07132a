namespace Director.Cluster.Availability;

/// <summary>Who carries out what heartbeats decide. Called on the heartbeat thread: nothing may block.</summary>
internal interface IHeartbeatOwner
{
    /// <summary>Whether this director has the connections of the others.</summary>
    bool IsSynchronised { get; }

    /// <summary>Lends the right to forward for some milliseconds.</summary>
    void Lend(long milliseconds);

    /// <summary>Does what was decided.</summary>
    void CarryOut(IReadOnlyList<ElectionOutput> outputs, Election election);

    /// <summary>Looks whether the table has other addresses than before.</summary>
    void Follow();

    /// <summary>Tells who is alive now.</summary>
    void Publish(HeardDirectors heard);

    /// <summary>Takes a line for the operator.</summary>
    void Log(string line);
}
