namespace PacketDotNet;

/// <summary>A header, and behind it another packet or data.</summary>
public abstract class Packet
{
    private Packet _payloadPacket;
    private byte[] _payloadData;

    protected Packet()
    {
    }

    internal byte[] HeaderBytes { get; private protected set; } = [];

    /// <summary>The whole packet, lengths brought up to date; a copy.</summary>
    public virtual byte[] Bytes
    {
        get
        {
            UpdateWithPayload();
            return [.. HeaderBytes, .. PayloadBytes];
        }
    }

    public virtual byte[] HeaderData => HeaderBytes;

    public virtual bool HasPayloadData => _payloadData != null;

    public virtual bool HasPayloadPacket => _payloadPacket != null;

    public virtual Packet ParentPacket { get; set; }

    public byte[] PayloadData
    {
        get => _payloadData;
        set
        {
            _payloadData = value;
            _payloadPacket = null;
        }
    }

    public virtual Packet PayloadPacket
    {
        get => _payloadPacket;
        set
        {
            if (ReferenceEquals(value, this))
            {
                throw new InvalidOperationException("A packet cannot have itself as its payload.");
            }

            _payloadPacket = value;
            _payloadData = null;
            _payloadPacket.ParentPacket = this;
        }
    }

    public int TotalPacketLength => HeaderBytes.Length + (_payloadPacket?.TotalPacketLength ?? _payloadData?.Length ?? 0);

    private protected byte[] PayloadBytes => _payloadPacket?.Bytes ?? _payloadData ?? [];

    /// <summary>The packet that begins with the given link layer; what follows it as far as it is known.</summary>
    public static Packet ParsePacket(LinkLayers linkLayers, byte[] packetData) => linkLayers switch
    {
        LinkLayers.Ethernet => new EthernetPacket(packetData),
        LinkLayers.Raw or LinkLayers.IPv4 or LinkLayers.IPv6 => new RawIPPacket(packetData),
        _ => throw new NotImplementedException("LinkLayer of " + linkLayers + " is not implemented"),
    };

    /// <summary>Brings the lengths up to date; checksums are updated by methods of their own.</summary>
    public virtual void UpdateCalculatedValues()
    {
    }

    /// <summary>This packet or the outermost one within it that is a <typeparamref name="T"/>; null when there is none.</summary>
    public T Extract<T>()
        where T : Packet
    {
        var packet = this;
        while (packet is not (null or T))
        {
            packet = packet.PayloadPacket;
        }

        return packet as T;
    }

    // Only for packets in the making: the payload's kind decides nothing in the header.
    private protected void SetParsedPayload(Packet packet, ReadOnlySpan<byte> data)
    {
        if (packet != null)
        {
            _payloadPacket = packet;
            packet.ParentPacket = this;
        }
        else
        {
            _payloadData = data.ToArray();
        }
    }

    private void UpdateWithPayload()
    {
        _payloadPacket?.UpdateWithPayload();
        UpdateCalculatedValues();
    }
}

public class InternetPacket : Packet
{
    public InternetPacket()
    {
    }
}

public class InternetLinkLayerPacket : Packet
{
    public InternetLinkLayerPacket()
    {
    }
}

/// <summary>An IP packet without a link layer.</summary>
public class RawIPPacket : Packet
{
    internal RawIPPacket(ReadOnlySpan<byte> bytes) => SetParsedPayload(IPPacket.Parse(bytes), bytes);
}
