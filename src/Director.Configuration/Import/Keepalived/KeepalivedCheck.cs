using System.Globalization;
using Director.Configuration.Documents;
using Director.Configuration.Import.Writing;

namespace Director.Configuration.Import.Keepalived;

/// <summary>A checker of keepalived as checks of ours: one, or one for each URL or host.</summary>
internal sealed class KeepalivedCheck(ImportFindings findings, KeepalivedStatement root)
{
    private const string DefaultTimeout = "5";
    private const string DefaultInterval = "60";

    private static readonly Dictionary<string, (string Type, string Retry, string? RetryInterval)> s_checkers = new(StringComparer.Ordinal)
    {
        ["TCP_CHECK"] = ("connect", "1", "1"),
        ["HTTP_GET"] = ("http", "1", "3"),
        ["SSL_GET"] = ("https", "1", "3"),
        ["SMTP_CHECK"] = ("smtp", "1", "1"),
        ["DNS_CHECK"] = ("dns", "3", null),
        ["MISC_CHECK"] = ("external", "0", "1"),
        ["PING_CHECK"] = ("ping", "1", "1"),
        ["UDP_CHECK"] = ("udp", "1", "1"),
        ["FILE_CHECK"] = ("file", "1", "1"),
    };

    public static string[] Checkers { get; } = [.. s_checkers.Keys];

    /// <param name="checker">The checker's block.</param>
    /// <param name="server">The real server's block, whose settings stand in for what the checker lacks.</param>
    /// <param name="service">The virtual server's block, whose settings stand in for both.</param>
    public IEnumerable<WrittenSection> Of(KeepalivedStatement checker, KeepalivedStatement server, KeepalivedStatement service)
    {
        var (type, retry, retryInterval) = s_checkers[checker.Keyword];
        var parts = type is "http" or "https" ? checker.TakeAll("url") : type == "smtp" ? checker.TakeAll("host") : [];
        var common = new WrittenSection(checker.At);
        common.Bare("type", type, checker.At);
        Where(common, type, checker);
        What(common, type, checker);
        var host = checker.Take("virtualhost") ?? server.Take("virtualhost") ?? service.Take("virtualhost");
        foreach (var part in parts.DefaultIfEmpty())
        {
            var check = common.Copy(part?.At ?? checker.At);
            if (part?.Keyword == "url")
            {
                Url(check, part);
            }
            else if (part is not null)
            {
                Where(check, type, part);
                Unread(part);
            }

            if (type is "http" or "https" && !check.Has("virtual-host") && host?.Value is { } name)
            {
                check.Text("virtual-host", name, host.At);
            }

            When(check, type, retry, retryInterval, checker, server, service);
            yield return check;
        }

        Unread(checker);
    }

    private static void Where(WrittenSection check, string type, KeepalivedStatement checker)
    {
        foreach (var (keyword, key) in new[] { ("connect_ip", "address"), ("connect_port", "port"), ("bindto", "source"), ("bind_if", "interface") })
        {
            // connect_ip may have the port behind it.
            if (checker.Take(keyword) is { Value: not null } statement && type is not "file")
            {
                check.Bare(key, statement.Values.First(), statement.At);
                if (keyword == "connect_ip" && statement.Values.ElementAtOrDefault(1) is { } port)
                {
                    check.Bare("port", port, statement.At);
                }
            }
        }
    }

    private void What(WrittenSection check, string type, KeepalivedStatement checker)
    {
        switch (type)
        {
            case "https":
                if (checker.Take("sni_name") is { Value: { } sni } named)
                {
                    check.Text("server-name", sni, named.At);
                }

                checker.Take("enable_sni");
                break;
            case "smtp":
                Text(check, checker, "helo_name", "helo");
                break;
            case "dns":
                Text(check, checker, "type", "record");
                Text(check, checker, "name", "request");
                break;
            case "external":
                Text(check, checker, "misc_path", "command");
                if (checker.Take("misc_dynamic") is { } dynamic)
                {
                    check.Flag("dynamic", true, dynamic.At);
                }

                break;
            case "udp":
                Text(check, checker, "payload", "request-hex");
                if (checker.Take("require_reply") is { } reply)
                {
                    check.Flag("require-reply", true, reply.At);
                    if (reply.Value is not null)
                    {
                        findings.NoCounterpart(reply.At, reply.Shown, "what the reply has to be is said by receive, a regular expression");
                    }
                }

                Bare(check, checker, "min_reply_length", "min-reply");
                Bare(check, checker, "max_reply_length", "max-reply");
                break;
            case "file":
                File(check, checker);
                break;
        }
    }

    private void File(WrittenSection check, KeepalivedStatement checker)
    {
        if (checker.Take("track_file") is not { Value: { } name } statement)
        {
            return;
        }

        var file = root.Children.Where(c => c.Keyword is "track_file" or "vrrp_track_file" && c.Value == name).Select(c => c.Take("file")).FirstOrDefault(f => f is not null);
        if (file?.Value is { } path)
        {
            check.Text("path", path, file.At);
        }
        else
        {
            findings.Error(statement.At, statement.Shown, "names a file that is not there; write track_file NAME { file PATH } outside");
        }

        if (checker.Take("weight") is { } weight)
        {
            findings.NoCounterpart(weight.At, weight.Shown, "the number in the file is not multiplied");
        }
    }

    private void Url(WrittenSection check, KeepalivedStatement url)
    {
        Text(check, url, "path", "request");
        Text(check, url, "digest", "digest", digest => digest.ToLowerInvariant());
        Text(check, url, "virtualhost", "virtual-host");
        Text(check, url, "status_code", "status", codes => string.Join(", ", codes.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        var isNot = url.Take("regex_no_match") is not null;
        Text(check, url, "regex", isNot ? "receive-not" : "receive");
        Unread(url);
    }

    private void Unread(KeepalivedStatement block)
    {
        foreach (var unread in block.Unread)
        {
            findings.NoCounterpart(unread.At, unread.Shown, $"is nothing that a check has here ({block.Keyword})");
        }
    }

    private static void When(
        WrittenSection check, string type, string retry, string? retryInterval, KeepalivedStatement checker, KeepalivedStatement server, KeepalivedStatement service)
    {
        var interval = Of("delay_loop");
        check.Seconds("interval", interval?.Value ?? DefaultInterval, interval?.At ?? checker.At);
        if (type != "file")
        {
            var timeout = (type == "external" ? checker.Take("misc_timeout") : null) ?? Of("connect_timeout");
            check.Seconds("timeout", timeout?.Value ?? (type == "external" ? interval?.Value ?? DefaultInterval : DefaultTimeout), timeout?.At ?? checker.At);
        }

        var delay = Of("delay_before_retry");
        if ((delay?.Value ?? retryInterval) is { } seconds)
        {
            check.Seconds("retry-interval", seconds, delay?.At ?? checker.At);
        }

        // A retry is a second try: with 3 of them the fourth failure counts.
        var retries = Of("retry", "nb_get_retry", "nb_sock_retry");
        var text = retries?.Value ?? retry;
        check.Bare("rise", 1, checker.At);
        check.Bare(
            "fall", int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var count) && count < int.MaxValue ? count + 1 : text, retries?.At ?? checker.At);

        if (Of("alpha") is { } alpha)
        {
            check.Bare("unknown", "down", alpha.At);
        }

        // Checks spread themselves over the interval.
        _ = Of("warmup");

        KeepalivedStatement? Of(params string[] keywords)
        {
            KeepalivedStatement?[] found = [checker.Take(keywords), server.Take(keywords), service.Take(keywords)];
            return Array.Find(found, f => f is not null);
        }
    }

    private static void Text(WrittenSection to, KeepalivedStatement from, string keyword, string key, Func<string, string>? change = null)
    {
        if (from.Take(keyword) is { Value: { } value } statement)
        {
            to.Text(key, change is null ? value : change(value), statement.At);
        }
    }

    private static void Bare(WrittenSection to, KeepalivedStatement from, string keyword, string key)
    {
        if (from.Take(keyword) is { Value: { } value } statement)
        {
            to.Bare(key, value, statement.At);
        }
    }
}
