using System.Buffers.Binary;
using System.Net;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>Addresses as numbers, as VRRP compares them (RFC 5798 6.4.3): without an object for each packet.</summary>
internal static class VrrpAddress
{
    /// <summary>224.0.0.18 (RFC 5798 5.1.1.2).</summary>
    public static UInt128 IPv4Group { get; } = Of(IPAddress.Parse("224.0.0.18"));

    /// <summary>ff02::12 (RFC 5798 5.1.2.2).</summary>
    public static UInt128 IPv6Group { get; } = Of(IPAddress.Parse("ff02::12"));

    /// <summary>Bytes of an address.</summary>
    public static int Length(bool isIPv6) => isIPv6 ? 16 : 4;

    /// <summary>An address as a number.</summary>
    public static UInt128 Of(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return Read(bytes, length == 16);
    }

    /// <summary>A number as an address; null for 0.</summary>
    public static IPAddress? From(UInt128 address, bool isIPv6)
    {
        if (address == 0)
            return null;
        Span<byte> bytes = stackalloc byte[16];
        Write(bytes, address, isIPv6);
        return new IPAddress(bytes[..Length(isIPv6)]);
    }

    /// <summary>Reads one from a packet.</summary>
    public static UInt128 Read(ReadOnlySpan<byte> bytes, bool isIPv6) => isIPv6 ? BinaryPrimitives.ReadUInt128BigEndian(bytes) : BinaryPrimitives.ReadUInt32BigEndian(bytes);

    /// <summary>Writes one to a packet.</summary>
    public static void Write(Span<byte> bytes, UInt128 address, bool isIPv6)
    {
        if (isIPv6)
            BinaryPrimitives.WriteUInt128BigEndian(bytes, address);
        else
            BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)address);
    }
}
