using System.Globalization;
using Akka.Cluster;
using Director.Cluster.Availability;

namespace Director.Cluster.Formation;

/// <summary>
/// Which Akka cluster a director is in. Akka has no name for it, so each actor system has a role that says when it was made, and a cluster is called by its oldest member's: all members agree on it,
/// two sides of a split that have removed each other do not, and when the oldest leaves the cluster becomes as old as the next.
/// </summary>
internal static class Formations
{
    private const string Prefix = "formed-";

    /// <summary>The role of an actor system.</summary>
    public static string Role(ClusterIdentity own) => $"{Prefix}{own.Formed.ToUnixTimeMilliseconds()}-{own.Id:N}";

    /// <summary>Reads a role.</summary>
    /// <returns>Null: it is another kind of role.</returns>
    public static ClusterIdentity? Read(string role) =>
        role.StartsWith(Prefix, StringComparison.Ordinal) && role[Prefix.Length..].Split('-') is [var formed, var id]
            && long.TryParse(formed, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds() && Guid.TryParseExact(id, "N", out var guid)
            ? new(guid, DateTimeOffset.FromUnixTimeMilliseconds(milliseconds))
            : null;

    /// <summary>The cluster as this node sees it.</summary>
    /// <param name="state">What it sees.</param>
    /// <param name="self">This node.</param>
    /// <returns>Null: it has not joined one.</returns>
    public static ClusterIdentity? Of(ClusterEvent.CurrentClusterState state, UniqueAddress self)
    {
        if (!state.Members.Any(member => member.UniqueAddress == self))
        {
            return null;
        }

        Member? oldest = null;
        foreach (var member in state.Members.Where(member => member.Status is MemberStatus.Up or MemberStatus.Leaving))
        {
            oldest = oldest is null || member.IsOlderThan(oldest) ? member : oldest;
        }

        return oldest?.Roles.Select(Read).FirstOrDefault(identity => identity is not null);
    }

    /// <summary>Whether one cluster is older than another; the same on every director.</summary>
    public static bool IsOlder(ClusterIdentity one, ClusterIdentity than) =>
        one.Formed != than.Formed ? one.Formed < than.Formed : one.Id.CompareTo(than.Id) < 0;
}
