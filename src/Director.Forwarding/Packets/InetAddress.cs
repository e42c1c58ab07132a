using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Director.Forwarding.Packets;

/// <summary>
/// An IPv4 or IPv6 address as its bytes stand on the wire, without an object: 16 bytes and the family. An IPv4 address takes the first four bytes; the rest is zero.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly struct InetAddress : IEquatable<InetAddress>
{
    private readonly ulong _first;
    private readonly ulong _second;
    private readonly bool _isIPv6;

    private InetAddress(ulong first, ulong second, bool isIPv6)
    {
        _first = first;
        _second = second;
        _isIPv6 = isIPv6;
    }

    /// <summary>Whether it is an IPv6 address.</summary>
    public bool IsIPv6 => _isIPv6;

    /// <summary>The four bytes of an IPv4 address as they lie in memory (network order): what the kernel holds in a <c>__be32</c>.</summary>
    public uint IPv4Raw => (uint)_first;

    /// <summary>The first eight bytes as they lie in memory.</summary>
    public ulong First => _first;

    /// <summary>The last eight bytes as they lie in memory.</summary>
    public ulong Second => _second;

    /// <summary>An IPv4 address from four bytes as they lie in memory.</summary>
    public static InetAddress FromIPv4(uint raw) => new(raw, 0, false);

    /// <summary>An IPv6 address from its two halves as they lie in memory.</summary>
    public static InetAddress FromIPv6(ulong first, ulong second) => new(first, second, true);

    /// <summary>An address from 4 or 16 bytes at <paramref name="bytes"/>.</summary>
    public static unsafe InetAddress Read(byte* bytes, bool isIPv6) => isIPv6
        ? new(Unsafe.ReadUnaligned<ulong>(bytes), Unsafe.ReadUnaligned<ulong>(bytes + 8), true)
        : new(Unsafe.ReadUnaligned<uint>(bytes), 0, false);

    /// <summary>From the framework's type; an IPv4-mapped IPv6 address stays IPv6.</summary>
    public static InetAddress From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out _);
        return address.AddressFamily == AddressFamily.InterNetwork
            ? FromIPv4(MemoryMarshal.Read<uint>(bytes))
            : FromIPv6(MemoryMarshal.Read<ulong>(bytes), MemoryMarshal.Read<ulong>(bytes[8..]));
    }

    /// <summary>To the framework's type; allocates.</summary>
    public IPAddress ToIPAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        MemoryMarshal.Write(bytes, in _first);
        MemoryMarshal.Write(bytes[8..], in _second);
        return new IPAddress(_isIPv6 ? bytes : bytes[..4]);
    }

    /// <summary>Writes 4 or 16 bytes.</summary>
    public unsafe void Write(byte* to)
    {
        if (_isIPv6)
        {
            Unsafe.WriteUnaligned(to, _first);
            Unsafe.WriteUnaligned(to + 8, _second);
        }
        else
        {
            Unsafe.WriteUnaligned(to, (uint)_first);
        }
    }

    /// <summary>The address with all but the leading <paramref name="prefixLength"/> bits cleared.</summary>
    public InetAddress Mask(int prefixLength) => _isIPv6
        ? FromIPv6(KeepLeading(_first, Math.Min(prefixLength, 64)), KeepLeading(_second, Math.Max(prefixLength - 64, 0)))
        : FromIPv4((uint)KeepLeading(_first, prefixLength));

    private static ulong KeepLeading(ulong raw, int bits) => bits == 0 ? 0 : raw & BinaryPrimitives.ReverseEndianness(ulong.MaxValue << (64 - bits));

    /// <inheritdoc/>
    public bool Equals(InetAddress other) => _first == other._first && _second == other._second && _isIPv6 == other._isIPv6;

    /// <inheritdoc/>
    public override bool Equals([NotNullWhen(true)] object? obj) => obj is InetAddress other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(_first, _second);

    /// <inheritdoc/>
    public override string ToString() => ToIPAddress().ToString();

    public static bool operator ==(InetAddress left, InetAddress right) => left.Equals(right);

    public static bool operator !=(InetAddress left, InetAddress right) => !left.Equals(right);
}
