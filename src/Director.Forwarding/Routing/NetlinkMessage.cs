using System.Runtime.InteropServices;

namespace Director.Forwarding.Routing;

/// <summary>
/// One netlink message (<c>struct nlmsghdr</c>) in a received buffer. Nothing is read beyond the buffer, whatever the lengths in it say.
/// </summary>
internal readonly ref struct NetlinkMessage
{
    /// <summary>Bytes of the header.</summary>
    public const int HeaderLength = 16;

    /// <summary>NLMSG_ERROR: an errno, 0 for an acknowledgement.</summary>
    public const ushort ErrorType = 2;

    /// <summary>NLMSG_DONE: the end of a dump.</summary>
    public const ushort DoneType = 3;

    /// <summary>NLM_F_DUMP_INTR: what is listed changed meanwhile; the list may miss entries.</summary>
    public const ushort InterruptedFlag = 0x10;

    /// <summary>NLM_F_REPLACE on an event: takes the place of an existing entry.</summary>
    public const ushort ReplaceFlag = 0x100;

    private NetlinkMessage(ReadOnlySpan<byte> message)
    {
        Type = MemoryMarshal.Read<ushort>(message[4..]);
        Flags = MemoryMarshal.Read<ushort>(message[6..]);
        Sequence = MemoryMarshal.Read<uint>(message[8..]);
        Payload = message[HeaderLength..];
    }

    /// <summary>What it is: RTM_..., or below 16 a control message.</summary>
    public ushort Type { get; }

    /// <summary>NLM_F_...</summary>
    public ushort Flags { get; }

    /// <summary>Number of the request that it answers.</summary>
    public uint Sequence { get; }

    /// <summary>What follows the header.</summary>
    public ReadOnlySpan<byte> Payload { get; }

    /// <summary>Takes the next message off <paramref name="buffer"/>.</summary>
    /// <returns>False when no whole message is left.</returns>
    public static bool TryTake(ref ReadOnlySpan<byte> buffer, out NetlinkMessage message)
    {
        message = default;
        if (buffer.Length < HeaderLength)
            return false;
        var length = MemoryMarshal.Read<uint>(buffer);
        if (length < HeaderLength || length > buffer.Length)
            return false;
        message = new(buffer[..(int)length]);
        buffer = buffer[Math.Min(buffer.Length, ((int)length + 3) & ~3)..];
        return true;
    }

    /// <summary>Takes the next attribute (<c>struct rtattr</c>) off <paramref name="attributes"/>.</summary>
    /// <returns>False when no whole attribute is left.</returns>
    public static bool TryTakeAttribute(ref ReadOnlySpan<byte> attributes, out int type, out ReadOnlySpan<byte> value)
    {
        const int Header = 4;
        const int TypeMask = 0x3fff; // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
        type = 0;
        value = default;
        if (attributes.Length < Header)
            return false;
        int length = MemoryMarshal.Read<ushort>(attributes);
        if (length < Header || length > attributes.Length)
            return false;
        type = MemoryMarshal.Read<ushort>(attributes[2..]) & TypeMask;
        value = attributes[Header..length];
        attributes = attributes[Math.Min(attributes.Length, (length + 3) & ~3)..];
        return true;
    }
}
