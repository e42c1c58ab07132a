using Director.Configuration.Documents;

namespace Director.Configuration.Import.Keepalived;

/// <summary><c>global_defs</c>: mail and timeouts have counterparts.</summary>
internal sealed class KeepalivedGlobals(ImportContext context)
{
    public void Import(KeepalivedStatement root)
    {
        foreach (var block in root.TakeAll("global_defs"))
        {
            Mail(block);
            Timeouts(block);
            if (block.Take("lvs_sync_daemon") is { } daemon)
            {
                Daemon(daemon);
            }

            foreach (var unread in block.Unread)
            {
                context.Findings.NoCounterpart(unread.At, unread.Shown, unread.Keyword switch
                {
                    "router_id" or "lvs_id" => "a director is called by its host's name; name another in director.name, its own on each",
                    "smtp_connect_timeout" => "mail has its own time",
                    "lvs_flush" or "lvs_flush_onstop" or "lvs_flush_on_stop" => "a director's table is its own and ends with it",
                    "script_user" or "enable_script_security" => "commands run as the director does",
                    _ => "is nothing that is known here (global_defs)",
                });
            }
        }
    }

    private void Mail(KeepalivedStatement block)
    {
        var named = block.TakeAll("notification_email").SelectMany(n => n.TakeWords()).ToList();
        foreach (var (word, at) in named.Where(n => !n.Word.Contains('@', StringComparison.Ordinal)))
        {
            context.Findings.NoCounterpart(at, word, "mail goes to NAME@DOMAIN");
        }

        var to = named.Where(n => n.Word.Contains('@', StringComparison.Ordinal)).ToList();
        var from = block.Take("notification_email_from");
        var server = block.Take("smtp_server");
        if (to.Count == 0 || server?.Value is null)
        {
            return;
        }

        // It mails for addresses and for real servers, which are two things here.
        var values = server.Values.ToList();
        foreach (var section in (string[])["availability", "alerts"])
        {
            var mail = context.Director.Section(section, server.At).Section("mail", server.At);
            mail.Text("server", values.Count > 1 ? $"{values[0]}:{values[1]}" : values[0], server.At);
            mail.Text("from", from?.Value ?? to[0].Word, from?.At ?? to[0].At);
            mail.Texts("to", to.Select(t => t.Word), to[0].At);
        }
    }

    // lvs_sync_daemon eth1 VI_1 id 51 maxlen 1472 port 8848 ttl 1 group 224.0.0.81: master while the instance is, backup otherwise.
    private void Daemon(KeepalivedStatement statement)
    {
        var words = statement.Values.ToList();
        if (words.Count == 0)
        {
            context.Findings.Error(statement.At, statement.Shown, "names no NIC; lvs_sync_daemon NIC INSTANCE is right");
            return;
        }

        var daemon = context.KernelSynchronisation(statement.At);
        daemon.Flag("master", true, statement.At);
        daemon.Flag("backup", true, statement.At);
        daemon.Bare("interface", words[0], statement.At);
        for (var i = 1; i + 1 < words.Count; i++)
        {
            if (words[i] is "id" or "maxlen" or "port" or "ttl" or "group")
            {
                daemon.Bare(words[i] switch { "id" => "sync-id", "maxlen" => "max-length", var same => same }, words[++i], statement.At);
            }
        }
    }

    // lvs_timeouts tcp 7200 tcpfin 30 udp 60
    private void Timeouts(KeepalivedStatement block)
    {
        if (block.Take("lvs_timeouts") is not { } statement)
        {
            return;
        }

        var values = statement.Values.ToList();
        var timeouts = context.Director.Section("timeouts", statement.At);
        for (var i = 0; i < values.Count; i += 2)
        {
            if (values[i] is not ("tcp" or "tcpfin" or "udp") || i + 1 == values.Count)
            {
                context.Findings.Error(statement.At, statement.Shown, "tcp SECONDS tcpfin SECONDS udp SECONDS is right");
                return;
            }

            timeouts.Seconds(values[i] == "tcpfin" ? "tcp-fin" : values[i], values[i + 1], statement.At);
        }
    }
}
