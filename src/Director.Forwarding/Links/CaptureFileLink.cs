using PacketDotNet;
using SharpPcap;
using SharpPcap.LibPcap;

namespace Director.Forwarding.Links;

/// <summary>Frames from one pcap file and to another, as fast as they are taken: to replay what happened, and to keep what would be sent.</summary>
internal sealed unsafe class CaptureFileLink : ILink
{
    private readonly int _number;
    private readonly CaptureFileReaderDevice? _in;
    private readonly CaptureFileWriterDevice? _out;

    /// <summary>Opens the files.</summary>
    /// <param name="input">The file to read, or null.</param>
    /// <param name="output">The file to write, begun anew, or null; it has the input's link type, without one Ethernet.</param>
    /// <param name="number">The index among the worker's links that its frames carry.</param>
    /// <param name="mac">As <see cref="ILink.Mac"/>.</param>
    /// <param name="mtu">As <see cref="ILink.Mtu"/>.</param>
    /// <exception cref="LinkException">A file cannot be opened, or holds neither Ethernet frames nor IP packets.</exception>
    public CaptureFileLink(string? input, string? output, int number = 0, ulong mac = 0x01_00_00_00_00_02, int mtu = 1500)
    {
        Libpcap.Require();
        _number = number;
        Mtu = mtu;
        Name = input ?? output ?? throw new ArgumentException("neither input nor output");
        var type = LinkLayers.Ethernet;
        try
        {
            if (input is not null)
            {
                _in = new CaptureFileReaderDevice(input);
                _in.Open(new DeviceConfiguration());
                type = _in.LinkType;
            }

            // DLT_RAW: what libpcap calls LINKTYPE_RAW once it has read the file's header.
            if (type is not (LinkLayers.Ethernet or LinkLayers.RawLegacy))
            {
                throw new LinkException($"{input} holds {type} frames: only Ethernet frames and raw IP packets can be replayed");
            }

            if (output is not null)
            {
                _out = new CaptureFileWriterDevice(output);
                _out.Open(new DeviceConfiguration { LinkLayerType = type });
            }
        }
        catch (PcapException error)
        {
            Dispose();
            throw new LinkException($"cannot open the capture file {Name}: {error.Message}");
        }
        catch
        {
            Dispose();
            throw;
        }

        Kind = type == LinkLayers.Ethernet ? LinkKind.Ethernet : LinkKind.Ip;
        Mac = Kind == LinkKind.Ethernet ? mac : 0;
    }

    /// <summary>The file that is read, else the one that is written.</summary>
    public string Name { get; }

    /// <summary>One more than its number among the worker's links.</summary>
    public int InterfaceIndex => _number + 1;

    /// <inheritdoc/>
    public LinkKind Kind { get; }

    /// <inheritdoc/>
    public ulong Mac { get; }

    /// <inheritdoc/>
    public int Mtu { get; }

    /// <inheritdoc/>
    public int Descriptor => -1;

    /// <inheritdoc/>
    public LinkCounters Counters { get; } = new();

    /// <summary>Whether every frame of the file was received.</summary>
    public bool IsAtEnd { get; private set; }

    /// <inheritdoc/>
    public int Receive(FrameBatch batch)
    {
        nint header = 0, data = 0;
        var before = batch.Count;
        while (batch.HasRoom && !IsAtEnd)
        {
            if (_in is null || _in.GetNextPacketPointers(ref header, ref data) != (int)GetPacketStatus.PacketRead)
            {
                IsAtEnd = true;
                break;
            }

            var captured = (Libpcap.PacketHeader*)header;
            if (captured->CapturedLength is 0 or > Frame.MaximumLength || captured->CapturedLength != captured->Length)
            {
                Counters.Ignored++;
                continue;
            }

            batch.Append(new ReadOnlySpan<byte>((byte*)data, (int)captured->CapturedLength), _number);
        }

        var received = batch.Count - before;
        Counters.Received += received;
        return received;
    }

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<Frame> frames)
    {
        if (_out is not null)
        {
            var now = new PosixTimeval(DateTime.UtcNow);
            foreach (ref readonly var frame in frames)
            {
                var header = new PcapHeader((uint)now.Seconds, (uint)now.MicroSeconds, (uint)frame.Length, (uint)frame.Length);
                _out.Write(new ReadOnlySpan<byte>(frame.Data, frame.Length), ref header);
            }
        }

        Counters.Sent += frames.Length;
        return frames.Length;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _in?.Dispose();
        _out?.Dispose();
    }
}
