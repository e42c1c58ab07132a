using System.Net;
using Director.Configuration.Documents;
using Director.Configuration.Reading;

namespace Director.Configuration.Import.Heartbeat;

/// <summary><c>haresources</c>: a line for each group of resources, beginning with the host that has them by preference.</summary>
internal sealed class HaResources(ImportContext context)
{
    private const string ScriptFolder = "/etc/ha.d/resource.d";

    public void Import(ImportedFile file)
    {
        var lines = file.Text.Split('\n');
        for (var i = 0; i < lines.Length; i++)
        {
            var at = new Location(file.Name, i + 1);
            var text = lines[i].Split('#')[0].TrimEnd();
            while (text.EndsWith('\\') && i + 1 < lines.Length)
            {
                text = $"{text[..^1]} {lines[++i].Split('#')[0].TrimEnd()}";
            }

            var words = text.Split((char[])[' ', '\t', '\\'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length == 1)
            {
                context.Findings.Error(at, words[0], "names no resource; HOST ADDRESS ... is right");
            }
            else if (words.Length > 1)
            {
                Group(words[0], words[1..], at);
            }
        }
    }

    private void Group(string host, string[] resources, Location at)
    {
        var addresses = new List<IPAddress>();
        var interfaces = new List<string>();
        var areAllOnNics = true;
        var scripts = new List<string>();
        foreach (var resource in resources)
        {
            // The colons of an IPv6 address separate nothing.
            var parts = resource.StartsWith("IPv6addr::", StringComparison.Ordinal) ? ["IPv6addr", resource["IPv6addr::".Length..]] : resource.Split("::");
            if (parts is ["IPaddr" or "IPaddr2" or "IPv6addr", var named, ..] || (parts is [var bare] && Addresses.Address(bare.Split('/')[0]) is not null && (named = bare) is not null))
            {
                var fields = named.Split('/');
                if (context.Address(fields[0], parts[0] == "IPv6addr", at, out _) is not { } address)
                {
                    continue;
                }

                addresses.Add(address);

                // ADDRESS/MASK/NIC/BROADCAST, the mask and the broadcast may be missing; an alias is its NIC.
                var nic = fields.Skip(1).FirstOrDefault(f => f.Length > 0 && !char.IsAsciiDigit(f[0]));
                areAllOnNics &= nic is not null;
                if (nic is not null && !interfaces.Contains(nic.Split(':')[0]))
                {
                    interfaces.Add(nic.Split(':')[0]);
                }
            }
            else if (parts[0] == "MailTo" && parts.Length > 1)
            {
                Mail(parts[1], at);
            }
            else if (parts[0] == "ldirectord")
            {
                context.Findings.NoCounterpart(at, resource, $"virtual services are a part of the same file: 'director import ldirectord {(parts.Length > 1 ? parts[1] : "ldirectord.cf")}'");
            }
            else if (parts[0] != "LVSSyncDaemonSwap")
            {
                scripts.Add($"{(parts[0].StartsWith('/') ? "" : $"{ScriptFolder}/")}{string.Join(' ', parts.Select(Quoted))}");
            }
        }

        if (addresses.Count == 0)
        {
            context.Findings.NoCounterpart(at, string.Join(' ', [host, .. resources]), "has no address, and a group here moves addresses");
            return;
        }

        Write(host, addresses, areAllOnNics ? interfaces : [], scripts, at);
    }

    private void Write(string host, List<IPAddress> addresses, List<string> interfaces, List<string> scripts, Location at)
    {
        var groups = context.Director.Section("availability", at).Section("groups", at);
        var name = host;
        for (var i = 2; groups.Has(name); i++)
        {
            name = $"{host}-{i}";
        }

        var group = groups.Section(name, at, at.ToString());
        group.Texts("addresses", addresses.Distinct().Select(a => a.ToString()), at);
        if (interfaces.Count > 0)
        {
            group.Texts("interfaces", interfaces, at);
        }

        group.Text("preferred", host, at, "the director of this name takes it first");
        if (scripts.Count > 0)
        {
            group.Text("on-take", string.Join("; ", scripts.Select(s => $"{s} start")), at, $"heartbeat looks in {ScriptFolder}, then in /etc/init.d");
            group.Text("on-release", string.Join("; ", scripts.AsEnumerable().Reverse().Select(s => $"{s} stop")), at);
        }
    }

    private void Mail(string to, Location at)
    {
        if (!to.Contains('@', StringComparison.Ordinal))
        {
            context.Findings.NoCounterpart(at, $"MailTo::{to}", "mail goes to NAME@DOMAIN by a mail server: see availability.mail");
            return;
        }

        var mail = context.Director.Section("availability", at).Section("mail", at);
        mail.Text("server", "127.0.0.1:25", at, "MailTo gives it to the host's own mail program");
        mail.Text("from", to, at);
        mail.Texts("to", [to], at);
    }

    private static string Quoted(string word) =>
        word.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '.' or '-' or '_' or ':' or '=' or ',') ? word : $"'{word.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
