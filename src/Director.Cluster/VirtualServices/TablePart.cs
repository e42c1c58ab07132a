using Director.Forwarding;

namespace Director.Cluster.VirtualServices;

/// <summary>A state of a part of the table. States of one part are merged by keeping the later version.</summary>
/// <param name="Key">Which part.</param>
/// <param name="Version">Which state.</param>
/// <param name="Content">A table with the service alone, with nothing when there is no such service, or with the timeouts.</param>
/// <param name="File">The last file's word that was taken over, also where <c>ipvsadm</c> has changed the part since.</param>
/// <param name="By">Who made the last change, for people: <c>ipvsadm on lb1</c>.</param>
internal sealed record TablePart(PartKey Key, PartVersion Version, ForwardingTable Content, FileDefinition File, string By)
{
    /// <summary>Nothing, of which no file has said anything.</summary>
    public static TablePart Missing(PartKey key) => new(key, PartVersion.None, ForwardingTable.Empty, new(ForwardingTable.Empty, DateTimeOffset.MinValue), "");

    /// <summary>A part as a director's own file has it, before any owner spoke.</summary>
    public static TablePart FromFile(PartKey key, FileDefinition definition) => new(key, PartVersion.None, definition.Content, definition, "");

    /// <summary>The part's share of a table.</summary>
    public static ForwardingTable Share(ForwardingTable table, PartKey key)
    {
        if (key.Service is not { } service)
        {
            return ForwardingTable.Empty with { Timeouts = table.Timeouts };
        }

        var index = TableEditor.IndexOf(table, service);
        return index < 0 ? ForwardingTable.Empty : ForwardingTable.Empty with { Services = [table.Services[index]] };
    }

    /// <summary>Whether a file's word would change this state: it differs from the last one that was taken over, and is younger.</summary>
    public bool IsOverruledBy(FileDefinition definition) =>
        definition.Since > File.Since && !TableDifference.Between(File.Content, definition.Content).IsEmpty;

    /// <summary>Makes a change.</summary>
    /// <param name="change">The change.</param>
    /// <param name="owner">Who makes it, for the version.</param>
    /// <param name="now">Now.</param>
    /// <returns>The next state, or this one when the change is refused, which the error tells, or changes nothing.</returns>
    public (TablePart Part, EditError? Error) Apply(PartChange change, string owner, DateTimeOffset now) => change switch
    {
        PartChange.ByEdit byEdit => Edit(byEdit, owner, now),
        PartChange.ByFile byFile => (Adopt(byFile, owner), null),
        _ => throw new ArgumentException($"{change.GetType()} is not a change of a part", nameof(change)),
    };

    private (TablePart Part, EditError? Error) Edit(PartChange.ByEdit change, string owner, DateTimeOffset now)
    {
        var (content, error) = TableEditor.Apply(Content, change.Edit);
        if (content is null)
        {
            return (this, error);
        }

        // Where no file has said anything of the part, none does as of now: only a later file overrules the change.
        var file = File.Since == DateTimeOffset.MinValue ? File with { Since = now } : File;
        return (this with { Version = Version.Next(owner), Content = content, File = file, By = change.By }, null);
    }

    /// <summary>Only what differs from the last file's word is taken over, so that what <c>ipvsadm</c> changed elsewhere in the part stays.</summary>
    private TablePart Adopt(PartChange.ByFile change, string owner)
    {
        if (!IsOverruledBy(change.Definition))
        {
            return this;
        }

        var content = TableChange.Apply(Content, TableDifference.Between(File.Content, change.Definition.Content));
        return this with { Version = Version.Next(owner), Content = content, File = change.Definition, By = change.By };
    }
}
