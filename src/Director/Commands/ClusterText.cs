using System.Globalization;
using System.Text;
using Director.Cluster.Telemetry;

namespace Director.Commands;

/// <summary>The cluster's part of <c>director status</c> for people.</summary>
internal static class ClusterText
{
    private const string Row = "{0} {1} {2,11} {3,8} {4,9} {5,6}  {6}";

    /// <summary>A row a director, with what it holds; nothing for a director without others.</summary>
    public static string Format(ClusterFigures cluster)
    {
        if (cluster.Members.IsEmpty && cluster.Directors.Length < 2)
            return "";
        (string Name, string State, DirectorFigures? Director)[] rows =
        [
            .. cluster.Directors.Select(director => (Name(cluster, director), State(director, cluster.Members.FirstOrDefault(member => member.Address == director.Address)), director)),
            .. cluster.Members.Where(member => cluster.Directors.All(director => director.Address != member.Address)).Select(member => (member.Address, State(null, member), (DirectorFigures?)null)),
        ];
        int name = Math.Max(8, rows.Max(static row => row.Name.Length));
        int state = rows.Max(static row => row.State.Length);
        StringBuilder text = new();
        Append("DIRECTOR", "STATE", "CONNECTIONS", "CONN/S", "SYNCED", "TABLE", "GROUPS");
        foreach (var row in rows)
        {
            if (row.Director is not { } director)
            {
                Append(row.Name, row.State);
                continue;
            }

            ulong rate = director.Engine.Services.Aggregate(0UL, static (sum, service) => sum + service.Rates.Connections);
            Append(
                row.Name, row.State, director.Engine.ConnectionCount, rate, Synchronised(director.Synchronisation), director.Differences.IsEmpty ? "file" : "edited",
                string.Join(", ", director.Groups.Select(Group)));
        }

        return text.Append('\n').ToString();

        void Append(string first, string second, params object[] rest)
        {
            object[] cells = [first.PadRight(name), second.PadRight(state), .. rest, .. Enumerable.Repeat("", 5 - rest.Length)];
            text.Append(string.Format(CultureInfo.InvariantCulture, Row, cells).TrimEnd()).Append('\n');
        }
    }

    private static string Name(ClusterFigures cluster, DirectorFigures director) => director.Name == cluster.Director && director.AgeSeconds == 0 ? $"{director.Name} *" : director.Name;

    private static string State(DirectorFigures? director, MemberFigures? member)
    {
        string state = member switch
        {
            null => "no member",
            { IsReachable: false } => $"{member.Status}, unreachable",
            { IsLeader: true } => $"{member.Status}, leader",
            _ => member.Status,
        };
        return director is { AgeSeconds: > 5 } ? $"{state}, silent {director.AgeSeconds:0} s" : state;
    }

    private static string Synchronised(SynchronisationFigures? synchronisation) => synchronisation switch
    {
        null => "-",
        { IsSynchronised: true } => "yes",
        { Peers: var peers } => peers.Count(static peer => peer.Stage != "caught-up") is var behind && behind == 0 ? "no" : $"{peers.Length - behind}/{peers.Length}",
    };

    private static string Group(GroupFigures group) => group.Partition is { } partition
        ? $"{group.Name} {group.Role} {partition.Blocks}/512"
        : $"{group.Name} {group.Role}";
}
