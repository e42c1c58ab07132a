namespace Director.Configuration.Import.Ldirectord;

/// <summary>What <c>ldirectord.cf</c> says before its virtual services and for all of them.</summary>
internal sealed class LdirectordGlobals
{
    private readonly Dictionary<string, LdirectordLine> _lines = new(StringComparer.Ordinal);

    public static readonly string[] Keys =
    [
        "checktimeout", "negotiatetimeout", "checkinterval", "checkcount", "failurecount", "autoreload", "callback", "fallback", "fallback6", "fallbackcommand", "logfile",
        "emailalert", "emailalertfrom", "emailalertfreq", "emailalertstatus", "smtp", "execute", "supervised", "fork", "quiescent", "readdquiescent", "cleanstop", "maintenancedir",
    ];

    public void Take(LdirectordLine line) => _lines[line.Key] = line;

    public LdirectordLine? Find(string key) => _lines.GetValueOrDefault(key);

    /// <summary>Says what of them has no counterpart.</summary>
    public void Judge(ImportFindings findings)
    {
        foreach (var (key, why) in new[]
        {
            ("autoreload", "a director always follows its file, and 'director check' tries it before"),
            ("callback", "a director runs nothing when its file changes; copy the file to the others as part of changing it"),
            ("checkcount", "see fall of a check"),
            ("logfile", "a director logs to its console, a line an event; the service manager keeps it"),
            ("execute", "one director serves all files: put them together with include"),
            ("supervised", "a director always stays in the foreground"),
            ("fork", "all real servers are checked beside each other"),
            ("readdquiescent", "a real server in the file is in the table"),
        })
        {
            if (Find(key) is { } line)
            {
                findings.NoCounterpart(line.At, line.Shown, why);
            }
        }

        if (Find("cleanstop") is { Value: "no" } cleanStop)
        {
            findings.NoCounterpart(cleanStop.At, cleanStop.Shown, "a director that stops forwards no more; another one takes its place");
        }
    }
}
