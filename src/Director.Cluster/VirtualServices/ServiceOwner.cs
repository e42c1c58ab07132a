namespace Director.Cluster.VirtualServices;

/// <summary>
/// What the owner of a part decides: which state is in force, and what a request makes of it. Whoever asks brings the state that he knows; the later one counts.
/// </summary>
/// <param name="key">The part.</param>
/// <param name="owner">The owner, for the versions of its changes.</param>
internal sealed class ServiceOwner(PartKey key, string owner)
{
    /// <summary>The state in force.</summary>
    public TablePart Part { get; private set; } = TablePart.Missing(key);

    /// <summary>Takes a state over when it is later than the known one.</summary>
    public void Learn(TablePart part)
    {
        if (part.Version > Part.Version || (!Part.Version.IsOwned && part.File.Since > Part.File.Since))
        {
            Part = part;
        }
    }

    /// <summary>Makes a change.</summary>
    public EditResponse Change(ChangePart request, DateTimeOffset now)
    {
        // The asker did not wait for this request, which was held up on its way.
        if (Part.Version > request.Known.Version && Part.Version.Owner == request.Asker)
        {
            return new(new PartChanged(Part, null), IsChanged: false);
        }

        var before = Part;
        Learn(request.Known);
        var (part, error) = Part.Apply(request.Change, owner, now);
        Part = part;
        return new(new PartChanged(Part, error), Part.Version > before.Version);
    }

    /// <summary>Hears what a director knows.</summary>
    public ReportResponse Report(ReportPart report)
    {
        var before = Part;
        if (report.File is { } file)
        {
            Part = Part.Apply(file, owner, default).Part;
        }

        return new(Part.Version > before.Version, IsBehind: report.Version > Part.Version, IsReporterBehind: Part.Version > report.Version);
    }

    /// <summary>What comes of a request for a change.</summary>
    /// <param name="Answer">The answer.</param>
    /// <param name="IsChanged">Whether every engine has to hear of it.</param>
    public readonly record struct EditResponse(PartChanged Answer, bool IsChanged);

    /// <summary>What comes of a report.</summary>
    /// <param name="IsChanged">Every engine has to hear of the new state.</param>
    /// <param name="IsBehind">The reporter has a later state.</param>
    /// <param name="IsReporterBehind">The reporter has an earlier state.</param>
    public readonly record struct ReportResponse(bool IsChanged, bool IsBehind, bool IsReporterBehind);
}
