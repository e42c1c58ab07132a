using System.Net;
using System.Net.Sockets;

namespace Director.Ipvsadm;

/// <summary>An address and, when given, a port, as ipvsadm reads <c>host[:port]</c>.</summary>
/// <param name="Address">The address.</param>
/// <param name="Port">The port, null when none was given.</param>
internal readonly record struct HostPort(IPAddress Address, ushort? Port)
{
    /// <summary>Reads <c>192.168.0.1:80</c>, <c>www:http</c>, <c>[fd00::1]:80</c>, <c>fd00::1</c>. Names of hosts are looked up for IPv4 only.</summary>
    /// <param name="text">What was typed.</param>
    /// <param name="protocol">IP protocol number, for the name of a service.</param>
    /// <param name="names">Names of hosts and services.</param>
    /// <returns>Null when it is neither.</returns>
    public static HostPort? Parse(string text, byte protocol, INames names)
    {
        if (text.All(char.IsAsciiDigit))
            return null;
        string host = text;
        string? port = null;
        if (text[0] == '[')
        {
            int close = text.IndexOf(']', StringComparison.Ordinal);
            if (close < 0 || close + 1 == text.Length || text[close + 1] != ':')
                return null;
            host = text[1..close];
            port = text[(close + 2)..];
        }

        if (!TryParseIPv6(host, out IPAddress? address))
        {
            int colon = host.LastIndexOf(':');
            port = colon < 0 ? null : host[(colon + 1)..];
            host = colon < 0 ? host : host[..colon];
            address = ParseIPv4(host, names);
        }

        if (address is null)
            return null;
        if (port is null)
            return new(address, null);
        if (Numbers.TryParse(port, 0, ushort.MaxValue, out long number))
            return new(address, (ushort)number);
        return names.PortOf(port, protocol) is { } named ? new(address, named) : null;
    }

    /// <summary>Reads an IPv4 address (inet_aton's forms) or the name of a host that has one.</summary>
    public static IPAddress? ParseIPv4(string text, INames names) =>
        IPAddress.TryParse(text, out IPAddress? address) && address.AddressFamily == AddressFamily.InterNetwork ? address : names.AddressOf(text);

    // The framework also takes brackets, ports and zones, which inet_pton does not.
    private static bool TryParseIPv6(string text, out IPAddress? address)
    {
        address = null;
        return text.Contains(':') && text.IndexOfAny(['[', ']', '%', '/']) < 0
            && IPAddress.TryParse(text, out address) && address.AddressFamily == AddressFamily.InterNetworkV6;
    }
}
