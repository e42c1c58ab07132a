using System.Collections.Immutable;
using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>A message about parts of the table that crosses the wire.</summary>
internal interface ITableMessage;

/// <summary>A message to the owner of a part.</summary>
internal interface IToOwner : ITableMessage
{
    /// <summary>Which part.</summary>
    PartKey Key { get; }
}

/// <summary>Asks an owner for a change; answered by <see cref="PartChanged"/>.</summary>
/// <param name="Known">The part as the asker knows it, so that an owner that has just started builds on nothing older.</param>
/// <param name="Change">The change.</param>
/// <param name="Asker">The asker as <see cref="VersionedTable.Owner"/>: an asker that did not get its answer in time makes the change itself, and the request that comes late must not make it again.</param>
internal sealed record ChangePart(TablePart Known, PartChange Change, string Asker) : IToOwner
{
    /// <inheritdoc/>
    public PartKey Key => Known.Key;
}

/// <summary>An owner's answer.</summary>
/// <param name="Part">The part now.</param>
/// <param name="Error">Why the change was refused; null when it was not.</param>
internal sealed record PartChanged(TablePart Part, EditError? Error) : ITableMessage;

/// <summary>A director tells an owner, again and again, what it knows: the owner starts where it does not run, and whichever of the two is behind catches up.</summary>
/// <param name="Key">Which part.</param>
/// <param name="Version">The state that the director has.</param>
/// <param name="File">What its file says, when that would change this state.</param>
internal sealed record ReportPart(PartKey Key, PartVersion Version, PartChange.ByFile? File) : IToOwner;

/// <summary>Asks an engine for its states of some parts; answered by one or several <see cref="PartStates"/>.</summary>
internal sealed record GetParts(ImmutableArray<PartKey> Keys) : ITableMessage;

/// <summary>States of parts; empty where the asked engine has none.</summary>
internal sealed record PartStates(ImmutableArray<TablePart> Parts) : ITableMessage
{
    /// <summary>Services and real servers in one message, at most 60 bytes each: well below a frame's 128,000.</summary>
    public const int MostRows = 1_500;

    /// <summary>Any number of parts as messages, at least one.</summary>
    public static IEnumerable<PartStates> Cut(ImmutableArray<TablePart> parts)
    {
        var (first, rows) = (0, 0);
        for (var i = 0; i < parts.Length; i++)
        {
            var more = Rows(parts[i].Content) + Rows(parts[i].File.Content);
            if (i > first && rows + more > MostRows)
            {
                yield return new(parts[first..i]);
                (first, rows) = (i, 0);
            }

            rows += more;
        }

        yield return new(parts[first..]);
    }

    private static int Rows(ForwardingTable content) => 1 + content.Services.Sum(service => service.RealServers.Length);
}

/// <summary>One engine asks another whether both know the same (<see cref="VersionedTable.Digest"/>); answered by <see cref="KnownVersions"/> only if they do not.</summary>
internal sealed record CompareTables(ulong Digest) : ITableMessage;

/// <summary>Which states an engine knows of the parts in a range of names.</summary>
/// <param name="After">The range begins after this name; empty is at the first.</param>
/// <param name="Last">It ends with this name; empty is at the last.</param>
/// <param name="Versions">The states; a part of the range that is not here is not known.</param>
internal sealed record KnownVersions(string After, string Last, ImmutableArray<(PartKey Key, PartVersion Version)> Versions) : ITableMessage
{
    /// <summary>Whether a part is in the range.</summary>
    public bool Covers(PartKey key)
    {
        var name = key.ToString();
        return string.CompareOrdinal(name, After) > 0 && (Last.Length == 0 || string.CompareOrdinal(name, Last) <= 0);
    }
}
