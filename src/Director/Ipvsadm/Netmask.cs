using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using Director.Forwarding;

namespace Director.Ipvsadm;

/// <summary>The mask of a persistent service as ipvsadm writes it.</summary>
internal static class Netmask
{
    /// <summary>Dotted for IPv4, a prefix length for IPv6; null when it covers the whole address.</summary>
    public static string? Of(ServiceKey service, Persistence persistence)
    {
        if (persistence.PrefixLength == (service.IsIPv6 ? 128 : 32))
            return null;
        if (service.IsIPv6)
            return persistence.PrefixLength.ToString(CultureInfo.InvariantCulture);
        Span<byte> mask = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32BigEndian(mask, uint.MaxValue << (32 - persistence.PrefixLength));
        return new IPAddress(mask).ToString();
    }
}
