namespace Director.Forwarding.Packets;

/// <summary>Options of a TCP header.</summary>
internal static unsafe class TcpOptions
{
    /// <summary>The MSS option's value; 0 when there is none or the options cannot be read.</summary>
    public static ushort MaximumSegmentSize(in Packet packet)
    {
        var option = packet.Transport + Wire.TcpHeaderLength;
        var end = packet.Transport + packet.TcpHeaderLength;
        while (option < end)
        {
            switch (*option)
            {
                case 0:
                    return 0;
                case 1:
                    option++;
                    continue;
            }

            if (end - option < 2 || option[1] < 2 || option[1] > end - option)
                return 0;
            if (option[0] == 2)
                return option[1] == 4 ? Wire.Read16(option + 2) : (ushort)0;
            option += option[1];
        }

        return 0;
    }
}
