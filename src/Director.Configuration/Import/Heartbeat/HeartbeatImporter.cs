namespace Director.Configuration.Import.Heartbeat;

/// <summary>Heartbeat's three files, known by their names or else by their first line.</summary>
internal sealed class HeartbeatImporter(ImportContext context)
{
    public void Import(IReadOnlyList<ImportedFile> files)
    {
        var hasKeys = false;
        foreach (var file in files)
        {
            switch (Kind(file))
            {
                case "authkeys":
                    hasKeys = true;
                    new AuthKeys(context).Import(file);
                    break;
                case "ha.cf":
                    new HaCf(context).Import(file);
                    break;
                default:
                    new HaResources(context).Import(file);
                    break;
            }
        }

        if (!hasKeys && files.Count > 0)
        {
            context.Findings.NoCounterpart(
                new(files[0].Name, 0), "", "authkeys is not among the files: a director hears no other without a secret; name that file too, or write cluster.key-file = PATH");
        }
    }

    private static string Kind(ImportedFile file)
    {
        if (Path.GetFileName(file.Name) is ("authkeys" or "ha.cf" or "haresources") and var name)
        {
            return name;
        }

        var words = file.Text.Split('\n').Select(l => l.Split('#')[0].Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries)).FirstOrDefault(w => w.Length > 0);
        return words switch
        {
            ["auth", _] => "authkeys",
            [var first, ..] when HaCf.IsDirective(first) => "ha.cf",
            _ => "haresources",
        };
    }
}
