using System.Runtime.CompilerServices;
using Director.Forwarding.Packets;

namespace Director.Forwarding.Methods;

/// <summary>Cuts an IPv4 packet into fragments (RFC 791). It may be a fragment itself. Options are copied to every fragment, as a router that knows none of them may.</summary>
internal unsafe struct IPv4Fragmenter
{
    private readonly byte* _header;
    private readonly int _headerLength;
    private readonly int _dataLength;
    private readonly int _step;
    private readonly int _firstOffset;
    private readonly bool _moreFollow;
    private int _sent;

    /// <param name="header">The packet; its length fields have been checked.</param>
    /// <param name="mtu">Bytes that a fragment may have; at least 68 (RFC 791).</param>
    public IPv4Fragmenter(byte* header, int mtu)
    {
        _header = header;
        _headerLength = (header[0] & 0x0F) * 4;
        _dataLength = Wire.Read16(header + 2) - _headerLength;
        _step = (Math.Max(mtu, 68) - _headerLength) & ~7;
        var fragment = Wire.Read16(header + 6);
        _firstOffset = (fragment & Wire.FragmentOffsetMask) * 8;
        _moreFollow = (fragment & Wire.MoreFragments) != 0;
    }

    /// <summary>Bytes that the next fragment takes; 0 after the last.</summary>
    public readonly int NextLength => _sent >= _dataLength ? 0 : _headerLength + Math.Min(_step, _dataLength - _sent);

    /// <summary>Writes the next fragment, <see cref="NextLength"/> bytes.</summary>
    public void Write(byte* to)
    {
        var data = Math.Min(_step, _dataLength - _sent);
        Unsafe.CopyBlockUnaligned(to, _header, (uint)_headerLength);
        Unsafe.CopyBlockUnaligned(to + _headerLength, _header + _headerLength + _sent, (uint)data);
        Wire.Write16(to + 2, _headerLength + data);
        var isLast = _sent + data == _dataLength && !_moreFollow;
        Wire.Write16(to + 6, ((_firstOffset + _sent) / 8) | (isLast ? 0 : Wire.MoreFragments));
        Wire.FinishIPv4Header(to);
        _sent += data;
    }
}
