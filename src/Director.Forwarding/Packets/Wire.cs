using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Director.Forwarding.Packets;

/// <summary>Numbers and offsets of the headers that the packet path reads and writes, and access to fields in network order.</summary>
internal static unsafe class Wire
{
    public const int EthernetHeaderLength = 14;
    public const ushort EtherTypeIPv4 = 0x0800;
    public const ushort EtherTypeArp = 0x0806;
    public const ushort EtherTypeIPv6 = 0x86DD;

    public const int IPv4HeaderLength = 20;
    public const int IPv6HeaderLength = 40;
    public const int UdpHeaderLength = 8;
    public const int TcpHeaderLength = 20;

    public const byte Icmp = 1;
    public const byte IPv4InIP = 4;
    public const byte Tcp = 6;
    public const byte Udp = 17;
    public const byte IPv6InIP = 41;
    public const byte Gre = 47;
    public const byte IcmpV6 = 58;

    public const ushort DontFragment = 0x4000;
    public const ushort MoreFragments = 0x2000;
    public const ushort FragmentOffsetMask = 0x1FFF;

    public const byte Fin = 0x01;
    public const byte Syn = 0x02;
    public const byte Rst = 0x04;
    public const byte Ack = 0x10;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort Read16(byte* at) => BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ushort>(at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Read32(byte* at) => BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<uint>(at));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write16(byte* at, int value) => Unsafe.WriteUnaligned(at, BinaryPrimitives.ReverseEndianness((ushort)value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write32(byte* at, uint value) => Unsafe.WriteUnaligned(at, BinaryPrimitives.ReverseEndianness(value));

    /// <summary>A checksum as it lies in memory (see <see cref="InternetChecksum"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ushort ReadChecksum(byte* at) => Unsafe.ReadUnaligned<ushort>(at);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteChecksum(byte* at, ushort value) => Unsafe.WriteUnaligned(at, value);

    /// <summary>A MAC address in the low 48 bits, as <see cref="Links.ILink.Mac"/> has it. Reads exactly six bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static ulong ReadMac(byte* at) => Unsafe.ReadUnaligned<uint>(at) | ((ulong)Unsafe.ReadUnaligned<ushort>(at + 4) << 32);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void WriteMac(byte* at, ulong mac)
    {
        Unsafe.WriteUnaligned(at, (uint)mac);
        Unsafe.WriteUnaligned(at + 4, (ushort)(mac >> 32));
    }

    /// <summary>Writes an Ethernet header.</summary>
    public static void WriteEthernet(byte* at, ulong destination, ulong source, ushort etherType)
    {
        WriteMac(at, destination);
        WriteMac(at + 6, source);
        Write16(at + 12, etherType);
    }

    /// <summary>Recomputes the checksum of an IPv4 header.</summary>
    public static void FinishIPv4Header(byte* header)
    {
        WriteChecksum(header + 10, 0);
        WriteChecksum(header + 10, (ushort)~InternetChecksum.Fold(InternetChecksum.Sum(header, (header[0] & 0x0F) * 4)));
    }
}
