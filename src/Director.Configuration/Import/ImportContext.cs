using System.Net;
using Director.Configuration.Documents;
using Director.Configuration.Import.Writing;
using Director.Configuration.Reading;

namespace Director.Configuration.Import;

/// <summary>What every importer reads with and writes to.</summary>
/// <param name="director">The section that is made.</param>
/// <param name="findings">Where mistakes go, and what has no counterpart.</param>
/// <param name="names">Names of hosts and services.</param>
/// <param name="marks">Which packets get a mark.</param>
internal sealed class ImportContext(WrittenSection director, ImportFindings findings, INameLookup names, MarkRules marks)
{
    private const string RightEndpoint = "ADDRESS:PORT, [IPV6]:PORT or NAME:SERVICE is right";

    public WrittenSection Director => director;

    public ImportFindings Findings => findings;

    /// <summary>An address or the name of a host.</summary>
    /// <param name="text">What the file has.</param>
    /// <param name="isIPv6">The family that a name is looked up in.</param>
    /// <param name="at">Where.</param>
    /// <param name="remark">What a name was taken for; empty where the file has the address.</param>
    /// <returns>Null after a mistake.</returns>
    public IPAddress? Address(string text, bool isIPv6, Location at, out string remark)
    {
        remark = "";
        var bare = text.StartsWith('[') && text.EndsWith(']') ? text[1..^1] : text;
        if (Addresses.Address(bare) is { } address)
        {
            return address;
        }

        if (IsName(text) && names.AddressOf(text, isIPv6) is { } found)
        {
            remark = $"{text} is {found} now";
            return found;
        }

        findings.Error(at, text, IsName(text)
            ? $"is a host that has no IPv{(isIPv6 ? 6 : 4)} address on this machine; write its address, or import where the name is known"
            : $"is no address; {Addresses.Right}");
        return null;
    }

    /// <summary>A port or the name of a service.</summary>
    /// <returns>Null after a mistake.</returns>
    public ushort? Port(string text, bool isUdp, Location at)
    {
        var port = Addresses.Port(text) ?? (IsName(text) && !text.All(char.IsAsciiDigit) ? names.PortOf(text, isUdp) : null);
        if (port is null)
        {
            findings.Error(at, text, "is no port; a number from 0 to 65535 or a name in /etc/services is right");
        }

        return port;
    }

    /// <summary>An address or a name with a port or a service, or without.</summary>
    /// <returns>Null after a mistake.</returns>
    public (IPAddress Address, ushort? Port)? Endpoint(string text, bool isUdp, bool isIPv6, Location at, out string remark)
    {
        remark = "";
        var (host, service) = Split(text);
        if (host.Length == 0 || service is "")
        {
            findings.Error(at, text, $"is no address with a port; {RightEndpoint}");
            return null;
        }

        var address = Address(host, isIPv6, at, out remark);
        var port = service is null ? null : Port(service, isUdp, at);
        return address is null || (service is not null && port is null) ? null : (address, port);
    }

    /// <summary>Begins a service with an address; null, after a mistake, if there is one already.</summary>
    public WrittenSection? Service(bool isUdp, IPAddress address, ushort port, Location at, string remark)
    {
        var endpoint = new IPEndPoint(address, port).ToString();
        if (Service($"{endpoint}{(isUdp ? "/udp" : "")}", at, remark) is not { } service)
        {
            return null;
        }

        service.Bare("protocol", isUdp ? "udp" : "tcp", at);
        service.Text("address", endpoint, at);
        return service;
    }

    /// <summary>Begins a service with a mark, and writes the rules that put it on packets; null, after a mistake, if there is one already.</summary>
    public WrittenSection? Service(uint mark, bool isIPv6, Location at, string remark)
    {
        if (Service($"mark-{mark}{(isIPv6 ? "-ipv6" : "")}", at, remark) is not { } service)
        {
            return null;
        }

        service.Bare("mark", mark, at);
        if (isIPv6)
        {
            service.Bare("family", "ipv6", at);
        }

        if (!marks.Write(director, mark, isIPv6))
        {
            service.IsCommentedOut = true;
            service.Remark += $"; not in force: say in director.marks which packets have mark {mark}, then take away the # in front of these lines";
            findings.NoCounterpart(
                at, $"mark {mark}", "the rule that puts it on packets is not in these files, so the service is written as a comment; name a file made by iptables-save too, or write director.marks");
        }

        return service;
    }

    /// <summary>Where the kernel's synchronisation is set up, which its daemons had.</summary>
    public WrittenSection KernelSynchronisation(Location at) => director.Section("synchronisation", at)
        .Section("ipvs", at, "the kernel's daemon: of use beside a director that runs IPVS; directors copy their connections to each other without it");

    /// <summary>Puts what all real servers of a service have in common where the service has it.</summary>
    public static void Finish(WrittenSection service)
    {
        foreach (var key in (string[])["forwarding", "tunnel", "check", "checks"])
        {
            service.Hoist("real-servers", key);
            service.DropRepeated("real-servers", key);
        }
    }

    private WrittenSection? Service(string name, Location at, string remark)
    {
        var services = director.Section("virtual-services", at);
        if (!services.Has(name))
        {
            return services.Section(name, at, remark);
        }

        findings.Error(at, name, $"is a service already, in {services.Section(name, at).At}; remove one of them");
        return null;
    }

    private static (string Host, string? Service) Split(string text)
    {
        if (text.StartsWith('[') && text.IndexOf(']', StringComparison.Ordinal) is > 0 and var end)
        {
            return end + 1 == text.Length ? (text, null) : text[end + 1] == ':' ? (text[..(end + 1)], text[(end + 2)..]) : ("", null);
        }

        var colon = text.IndexOf(':', StringComparison.Ordinal);
        return colon < 0 || text.IndexOf(':', colon + 1) >= 0 ? (text, null) : (text[..colon], text[(colon + 1)..]);
    }

    private static bool IsName(string text) =>
        text.Length is > 0 and <= 253 && text.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.') && text.Any(char.IsAsciiLetter);
}
