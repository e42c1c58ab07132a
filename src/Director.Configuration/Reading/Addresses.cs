using System.Net;
using System.Net.Sockets;

namespace Director.Configuration.Reading;

/// <summary>Addresses, networks and endpoints as people write them; none of the shorter and octal forms that <see cref="IPAddress.Parse(string)"/>
/// takes.</summary>
internal static class Addresses
{
    public const string Right = "an address is 192.0.2.1 or 2001:db8::1";
    public const string RightEndpoint = "an address with its port is 192.0.2.1:80 or [2001:db8::1]:80";
    public const string RightNetwork = "a network is 192.0.2.0/24, 2001:db8::/32 or one address";

    public static IPAddress? Address(string text)
    {
        if (!text.All(c => char.IsAsciiHexDigit(c) || c is '.' or ':') || !IPAddress.TryParse(text, out var address))
        {
            return null;
        }

        return address.AddressFamily == AddressFamily.InterNetwork ? (address.ToString() == text ? address : null)
            : text.Contains(':', StringComparison.Ordinal) && !address.IsIPv4MappedToIPv6 ? address : null;
    }

    public static bool IsIPv6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>Whether a host can have it.</summary>
    public static bool IsUnicast(IPAddress address)
    {
        if (IsIPv6(address))
        {
            return !address.IsIPv6Multicast && !address.Equals(IPAddress.IPv6Any);
        }

        var first = address.GetAddressBytes()[0];
        return first is > 0 and < 224;
    }

    /// <summary>An address with a port; the port is null where there is none.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? Endpoint(string text, out IPAddress? address, out ushort? port)
    {
        address = null;
        port = null;
        string host;
        string? portText = null;
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            if (end < 0)
            {
                return "has no closing bracket";
            }

            host = text[1..end];
            if (end + 1 < text.Length)
            {
                if (text[end + 1] != ':')
                {
                    return "has no colon behind the bracket";
                }

                portText = text[(end + 2)..];
            }

            if (!host.Contains(':', StringComparison.Ordinal))
            {
                return "has brackets around what is not IPv6";
            }
        }
        else
        {
            var colon = text.IndexOf(':', StringComparison.Ordinal);
            if (colon >= 0 && text.IndexOf(':', colon + 1) >= 0)
            {
                if (Address(text) is null)
                {
                    return "is no address";
                }

                host = text;
            }
            else
            {
                host = colon < 0 ? text : text[..colon];
                portText = colon < 0 ? null : text[(colon + 1)..];
            }
        }

        if (Address(host) is not { } found)
        {
            return "is no address";
        }

        if (portText is not null)
        {
            if (Port(portText) is not { } number)
            {
                return "has no port from 0 to 65535";
            }

            port = number;
        }

        address = found;
        return null;
    }

    public static ushort? Port(string text) =>
        text.Length is > 0 and <= 5 && text.All(char.IsAsciiDigit)
            && int.Parse(text, System.Globalization.CultureInfo.InvariantCulture) is <= ushort.MaxValue and var port ? (ushort)port : null;

    /// <summary>A network, or an address as a network of one.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? Network(string text, out IPNetwork network)
    {
        network = default;
        var slash = text.IndexOf('/', StringComparison.Ordinal);
        if (Address(slash < 0 ? text : text[..slash]) is not { } address)
        {
            return "is no network";
        }

        var bits = IsIPv6(address) ? 128 : 32;
        var prefix = slash < 0 ? bits : Port(text[(slash + 1)..]) ?? -1;
        if (prefix < 0 || prefix > bits)
        {
            return $"has no prefix length from 0 to {bits}";
        }

        var first = Masked(address, prefix);
        if (!first.Equals(address))
        {
            return $"has bits beyond its prefix; write {first}/{prefix}";
        }

        network = new IPNetwork(first, prefix);
        return null;
    }

    /// <summary>The number of leading ones of a dotted mask.</summary>
    public static int? MaskLength(string text)
    {
        if (Address(text) is not { AddressFamily: AddressFamily.InterNetwork } mask)
        {
            return null;
        }

        var bits = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(mask.GetAddressBytes());
        var length = System.Numerics.BitOperations.LeadingZeroCount(~bits);
        return length == 32 || bits << length == 0 ? length : null;
    }

    private static IPAddress Masked(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var kept = Math.Clamp(prefix - (8 * i), 0, 8);
            bytes[i] &= (byte)(0xff00 >> kept);
        }

        return new IPAddress(bytes);
    }
}
