using System.Net;

namespace Director.Cluster.Availability;

/// <summary>What the rest of the director learns from heartbeats and says by them. Members may be called from any thread and do not block.</summary>
public interface IHeardDirectors
{
    /// <summary>Bytes that a payload may have.</summary>
    public const int MaxPayloadBytes = 1100;

    /// <summary>Payloads that a director may send.</summary>
    public const int MaxPayloads = 16;

    /// <summary>Who is alive now.</summary>
    HeardDirectors Heard { get; }

    /// <summary>
    /// Called with the newest snapshot after a change, from a thread of its own, one call after the other; snapshots in between may be left out. A subscriber that takes long delays the others only.
    /// </summary>
    event Action<HeardDirectors> Changed;

    /// <summary>Sends bytes with the heartbeats from now on, at once for the first time.</summary>
    /// <param name="number">Which payload, 0 to 65,535, agreed on by who sends and who reads it.</param>
    /// <param name="bytes">At most <see cref="MaxPayloadBytes"/>; empty: no longer sent.</param>
    /// <exception cref="ArgumentException">Too long, or one payload too many.</exception>
    void SetPayload(int number, ReadOnlySpan<byte> bytes);

    /// <summary>Says where this director's Akka listens and which cluster it is in.</summary>
    /// <param name="address">At most 128 bytes; empty: nowhere.</param>
    /// <param name="cluster">Null: none.</param>
    void SetAkka(string address, ClusterIdentity? cluster);

    /// <summary>Says where this director takes connections of the others.</summary>
    void SetSynchronisation(IPEndPoint? address);
}
