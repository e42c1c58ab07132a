using System.Net;
using Director.Configuration.Documents;

namespace Director.Configuration.Import.Ldirectord;

/// <summary>A <c>virtual = ...</c> with the lines below it.</summary>
/// <param name="line">Its first line.</param>
internal sealed class LdirectordVirtual(LdirectordLine line)
{
    private readonly Dictionary<string, LdirectordLine> _lines = new(StringComparer.Ordinal);
    private readonly List<LdirectordLine> _servers = [];

    public static readonly string[] Keys =
    [
        "real", "real6", "checktype", "service", "checkcommand", "checkport", "request", "receive", "httpmethod", "virtualhost", "login", "passwd", "database", "secret", "load",
        "scheduler", "persistent", "netmask", "protocol", "monitorfile", "ops", "servicename", "comment", "checktimeout", "negotiatetimeout", "checkinterval", "checkcount",
        "failurecount", "fallback", "fallback6", "fallbackcommand", "quiescent", "emailalert", "emailalertfrom", "emailalertfreq", "emailalertstatus", "smtp", "cleanstop",
    ];

    public LdirectordLine Line => line;

    public Location At => line.At;

    public bool IsIPv6 => line.Key == "virtual6";

    public IReadOnlyList<LdirectordLine> Servers => _servers;

    public IPAddress? Address { get; set; }

    public ushort Port { get; set; }

    /// <summary>The mark; null where there is an address.</summary>
    public uint? Mark { get; set; }

    public bool IsUdp { get; set; }

    public void Take(LdirectordLine taken)
    {
        if (taken.Key is "real" or "real6")
        {
            _servers.Add(taken);
        }
        else
        {
            _lines[taken.Key] = taken;
        }
    }

    public LdirectordLine? Find(string key) => _lines.GetValueOrDefault(key);
}

/// <summary>A real server of ldirectord.</summary>
/// <param name="Line">Its line.</param>
/// <param name="Address">Its address.</param>
/// <param name="Port">Its port; 0 where the line has none.</param>
/// <param name="Forwarding">Our word for how it is reached.</param>
/// <param name="Weight">Its weight; empty where the line has none.</param>
/// <param name="Request">Its own question; null is the service's.</param>
/// <param name="Receive">Its own answer; null is the service's.</param>
/// <param name="Remark">What a name was taken for.</param>
internal sealed record LdirectordServer(
    LdirectordLine Line, IPAddress Address, ushort Port, string Forwarding, string Weight, string? Request, string? Receive, string Remark);
