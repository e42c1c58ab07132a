using Director.Configuration.Documents;

namespace Director.Configuration.Import.Keepalived;

/// <summary><c>keepalived.conf</c>: virtual servers with their checkers, VRRP instances, and what is global.</summary>
internal sealed class KeepalivedImporter(ImportContext context)
{
    public void Import(IReadOnlyList<ImportedFile> files)
    {
        var parser = new KeepalivedParser(context.Findings);
        var root = new KeepalivedStatement([""], new(files.Count == 0 ? "" : files[0].Name, 0)) { HasBlock = true };
        foreach (var statement in files.SelectMany(f => parser.Parse(f).Children))
        {
            root.Add(statement);
        }

        // Where braces are wrong, nothing behind them can be trusted.
        if (context.Findings.HasErrors)
        {
            return;
        }

        new KeepalivedGroups(context, root).Import();
        new KeepalivedServices(context, root).Import();
        new KeepalivedGlobals(context).Import(root);
        root.TakeAll("virtual_server_group", "track_file");
        foreach (var include in root.TakeAll("include", "includer", "includem", "includew", "includeb", "includea"))
        {
            context.Findings.NoCounterpart(include.At, include.Shown, "other files are not opened by themselves; name them too, in their order");
        }

        foreach (var unread in root.Unread)
        {
            context.Findings.NoCounterpart(unread.At, unread.Shown, "is nothing that is known here");
        }
    }
}
