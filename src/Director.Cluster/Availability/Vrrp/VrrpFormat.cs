using System.Buffers.Binary;
using System.Collections.Immutable;
using System.Text;
using Director.Configuration;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>The advertisements of one virtual router: version 2 (RFC 3768 5.3) and 3 (RFC 5798 5.2, RFC 9568 5.2).</summary>
internal sealed class VrrpFormat
{
    /// <summary>The longest message: 255 IPv4 or 90 IPv6 addresses.</summary>
    public const int MaxBytes = HeaderBytes + (90 * 16);

    private const int HeaderBytes = 8, PasswordBytes = 8;
    private const int Advertisement = 1;
    private const int PasswordAuthentication = 1;
    private const int Protocol = 112;
    private const int LinkTtl = 255;
    private const long Centisecond = 10_000, Second = 1_000_000;

    private readonly VrrpConfiguration _settings;
    private readonly ImmutableArray<UInt128> _addresses;
    private readonly byte[] _password = new byte[PasswordBytes];

    /// <param name="settings">The group's.</param>
    /// <param name="router">Which of its routers.</param>
    public VrrpFormat(VrrpConfiguration settings, VrrpRouter router)
    {
        _settings = settings;
        Router = router;
        _addresses = [.. router.Addresses.Select(VrrpAddress.Of)];
        Peers = [.. router.Peers.Select(VrrpAddress.Of)];
        Encoding.UTF8.GetBytes(settings.Password).AsSpan().CopyTo(_password);
    }

    /// <summary>The virtual router.</summary>
    public VrrpRouter Router { get; }

    /// <summary>Whom to send to by unicast; none: multicast.</summary>
    public ImmutableArray<UInt128> Peers { get; }

    private bool HasPassword => _settings.Password.Length > 0;

    private int Version => _settings.Version;

    /// <summary>Writes an advertisement.</summary>
    /// <param name="to">Room for <see cref="MaxBytes"/>.</param>
    /// <param name="priority">0 to 255.</param>
    /// <param name="source">Its sender, for the checksum.</param>
    /// <param name="destination">Its receiver, for the checksum.</param>
    /// <returns>Its length.</returns>
    public int Write(Span<byte> to, int priority, UInt128 source, UInt128 destination)
    {
        var size = VrrpAddress.Length(Router.IsIPv6);
        var length = HeaderBytes + (_addresses.Length * size) + (Version == 2 ? PasswordBytes : 0);
        to = to[..length];
        to.Clear();
        to[0] = (byte)((Version << 4) | Advertisement);
        to[1] = (byte)Router.RouterId;
        to[2] = (byte)priority;
        to[3] = (byte)_addresses.Length;
        var interval = _settings.Interval.Ticks / TimeSpan.TicksPerMicrosecond;
        if (Version == 2)
        {
            to[4] = HasPassword ? (byte)PasswordAuthentication : (byte)0;
            to[5] = (byte)(interval / Second);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(to[4..], (ushort)(interval / Centisecond));
        }

        for (var i = 0; i < _addresses.Length; i++)
            VrrpAddress.Write(to[(HeaderBytes + (i * size))..], _addresses[i], Router.IsIPv6);
        if (Version == 2 && HasPassword)
            _password.CopyTo(to[^PasswordBytes..]);
        var isPlain = Version == 2 || (!Router.IsIPv6 && _settings.Checksum == VrrpChecksum.Plain);
        BinaryPrimitives.WriteUInt16BigEndian(to[6..], (ushort)~Fold(Sum(to) + (isPlain ? 0 : PseudoHeader(source, destination, length))));
        return length;
    }

    /// <summary>Reads what can be read of a packet without knowing its virtual router.</summary>
    /// <param name="packet">From its IP header on.</param>
    /// <param name="isIPv6">Whether that is IPv6's.</param>
    /// <param name="advertisement">What it says.</param>
    /// <param name="message">The VRRP message in it.</param>
    public static VrrpFault Open(ReadOnlySpan<byte> packet, bool isIPv6, out VrrpAdvertisement advertisement, out ReadOnlySpan<byte> message)
    {
        advertisement = default;
        message = default;
        if (!TryOpenIP(packet, isIPv6, out var source, out var destination, out var timeToLive, out message))
            return VrrpFault.Truncated;
        if (timeToLive != LinkTtl)
            return VrrpFault.TimeToLive;
        if (message.Length < HeaderBytes)
            return VrrpFault.Truncated;
        var version = message[0] >> 4;
        if (version != 3 && (version != 2 || isIPv6))
            return VrrpFault.Version;
        if ((message[0] & 15) != Advertisement)
            return VrrpFault.Type;
        if (message.Length < HeaderBytes + (message[3] * VrrpAddress.Length(isIPv6)) + (version == 2 ? PasswordBytes : 0))
            return VrrpFault.Truncated;
        var plain = Sum(message);
        var isRight = (!isIPv6 && Fold(plain) == 0xFFFF) || (version == 3 && Fold(plain + PseudoHeader(source, destination, message.Length)) == 0xFFFF);
        if (!isRight)
            return VrrpFault.Checksum;
        var interval = version == 2 ? message[5] * Second : (BinaryPrimitives.ReadUInt16BigEndian(message[4..]) & 0xFFF) * Centisecond;
        advertisement = new VrrpAdvertisement(version, message[1], message[2], interval, source, destination);
        return VrrpFault.None;
    }

    /// <summary>Whether an advertisement with this router's VRID is one of its own.</summary>
    public VrrpFault Check(in VrrpAdvertisement advertisement, ReadOnlySpan<byte> message)
    {
        if (advertisement.Version != Version)
            return VrrpFault.Version;
        var isMulticast = advertisement.Destination == (Router.IsIPv6 ? VrrpAddress.IPv6Group : VrrpAddress.IPv4Group);
        if (isMulticast != Peers.IsEmpty || (!isMulticast && !Peers.Contains(advertisement.Source)))
            return VrrpFault.Sender;
        if (Version == 2 && (message[4] != (HasPassword ? PasswordAuthentication : 0) || (HasPassword && !message.Slice(HeaderBytes + (message[3] * 4), PasswordBytes).SequenceEqual(_password))))
            return VrrpFault.Password;
        if (Version == 2 ? advertisement.Interval != _settings.Interval.Ticks / TimeSpan.TicksPerMicrosecond : advertisement.Interval == 0)
            return VrrpFault.Interval;
        // The owner may know better (RFC 3768 7.1).
        return !_settings.CheckAddresses || advertisement.Priority == 255 || HasAddresses(message) ? VrrpFault.None : VrrpFault.Addresses;
    }

    private bool HasAddresses(ReadOnlySpan<byte> message)
    {
        var count = message[3];
        var size = VrrpAddress.Length(Router.IsIPv6);
        if (count != _addresses.Length)
            return false;
        for (var i = 0; i < count; i++)
        {
            if (!_addresses.Contains(VrrpAddress.Read(message[(HeaderBytes + (i * size))..], Router.IsIPv6)))
                return false;
        }

        return true;
    }

    private static bool TryOpenIP(ReadOnlySpan<byte> packet, bool isIPv6, out UInt128 source, out UInt128 destination, out int timeToLive, out ReadOnlySpan<byte> payload)
    {
        const int IPv6HeaderBytes = 40, IPv4HeaderBytes = 20;
        (source, destination, timeToLive) = (0, 0, 0);
        payload = default;
        if (packet.Length < (isIPv6 ? IPv6HeaderBytes : IPv4HeaderBytes) || packet[0] >> 4 != (isIPv6 ? 6 : 4))
            return false;
        var header = isIPv6 ? IPv6HeaderBytes : (packet[0] & 15) * 4;
        var end = isIPv6 ? IPv6HeaderBytes + BinaryPrimitives.ReadUInt16BigEndian(packet[4..]) : BinaryPrimitives.ReadUInt16BigEndian(packet[2..]);
        var isFragment = !isIPv6 && (BinaryPrimitives.ReadUInt16BigEndian(packet[6..]) & 0x3FFF) != 0;
        if (header < IPv4HeaderBytes || end < header || end > packet.Length || isFragment || packet[isIPv6 ? 6 : 9] != Protocol)
            return false;
        source = VrrpAddress.Read(packet[(isIPv6 ? 8 : 12)..], isIPv6);
        destination = VrrpAddress.Read(packet[(isIPv6 ? 24 : 16)..], isIPv6);
        timeToLive = packet[isIPv6 ? 7 : 8];
        payload = packet[header..end];
        return true;
    }

    /// <summary>The pseudo-header's part of the sum: IPv4's and IPv6's differ only in the length of addresses.</summary>
    private static ulong PseudoHeader(UInt128 source, UInt128 destination, int length)
    {
        Span<byte> bytes = stackalloc byte[32];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, source);
        BinaryPrimitives.WriteUInt128BigEndian(bytes[16..], destination);
        return Sum(bytes) + (ulong)length + Protocol;
    }

    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0UL;
        for (; bytes.Length > 1; bytes = bytes[2..])
            sum += BinaryPrimitives.ReadUInt16BigEndian(bytes);
        return bytes.IsEmpty ? sum : sum + ((ulong)bytes[0] << 8);
    }

    // RFC 1071.
    private static ulong Fold(ulong sum)
    {
        while (sum > 0xFFFF)
            sum = (sum & 0xFFFF) + (sum >> 16);
        return sum;
    }
}

/// <summary>What an advertisement says.</summary>
/// <param name="Version">2 or 3.</param>
/// <param name="RouterId">VRID.</param>
/// <param name="Priority">0: its sender is no longer master.</param>
/// <param name="Interval">Its sender's, in microseconds.</param>
/// <param name="Source">Its sender.</param>
/// <param name="Destination">Its receiver.</param>
internal readonly record struct VrrpAdvertisement(int Version, int RouterId, int Priority, long Interval, UInt128 Source, UInt128 Destination);
