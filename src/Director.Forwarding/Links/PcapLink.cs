using System.Runtime.CompilerServices;
using SharpPcap;
using SharpPcap.LibPcap;

namespace Director.Forwarding.Links;

/// <summary>
/// A NIC: frames come in through libpcap and leave through packet sockets. An interface that goes down goes on when it is up again; one that is removed is opened again when one of its name appears.
/// </summary>
internal sealed unsafe class PcapLink : ILink
{
    private const int EthernetHeader = 14, TypeOffset = 12;
    private const ushort VlanType = 0x0081, ProviderVlanType = 0xa888; // as they lie in memory
    private const int IgnoreOutgoingOption = 23;
    private const int BlockTimeoutMilliseconds = 1;
    private const int ReopenMilliseconds = 500;

    // A flood of frames that we ignore must not keep the worker here.
    private const int FramesLookedAt = 4 * FrameBatch.MaximumFrames;

    // More than a ring holds of small frames in a time as short as this; a flood must not keep the link closed.
    private const int MostDiscarded = 65_536;

    private readonly Lock _closing = new();
    private readonly LinkOptions _options;
    private readonly int _number;
    private readonly FanOut? _fanOut;
    private readonly int _worker;
    private InterfaceInfo _info;
    private LibPcapLiveDevice? _device;
    private PacketSocket? _socket;
    private long _reopenAt;
    private long _droppedBefore;
    private int _generation;
    private bool _isDiscarding;

    /// <summary>Opens an interface for one worker.</summary>
    /// <param name="info">The interface.</param>
    /// <param name="options">How to open it.</param>
    /// <param name="number">The index among the worker's links that its frames carry.</param>
    /// <param name="fanOut">Shared by the links of all workers on this interface, which are made in worker order; null for a single worker.</param>
    /// <param name="worker">The worker's index in <paramref name="fanOut"/>.</param>
    /// <exception cref="LinkException">libpcap is missing, no privilege, or no such interface.</exception>
    public PcapLink(InterfaceInfo info, LinkOptions options, int number = 0, FanOut? fanOut = null, int worker = 0)
    {
        _info = info;
        _options = options;
        _number = number;
        _fanOut = fanOut;
        _worker = worker;
        Open();
    }

    /// <inheritdoc/>
    public string Name => _info.Name;

    /// <inheritdoc/>
    public int InterfaceIndex => _info.Index;

    /// <inheritdoc/>
    public LinkKind Kind => LinkKind.Ethernet;

    /// <inheritdoc/>
    public ulong Mac => _info.Mac;

    /// <inheritdoc/>
    public int Mtu => _info.Mtu;

    /// <inheritdoc/>
    public int Descriptor { get; private set; } = -1;

    /// <inheritdoc/>
    public LinkCounters Counters { get; } = new();

    /// <summary>Frames that the kernel dropped because the ring was full. May be asked from any thread; allocates.</summary>
    public long KernelDropped
    {
        get
        {
            // libpcap is not to be asked of a device that is being closed.
            lock (_closing)
            {
                return _droppedBefore + (_device is { } device ? Libpcap.DroppedBy(device) : 0);
            }
        }
    }

    /// <inheritdoc/>
    public int Receive(FrameBatch batch)
    {
        if (!IsOpen() || _device is not { } device)
        {
            return 0;
        }

        if (_isDiscarding)
        {
            Discard(device, _fanOut!);
            return 0;
        }

        nint header = 0, data = 0;
        var before = batch.Count;
        for (var looked = 0; looked < FramesLookedAt && batch.HasRoom; looked++)
        {
            var status = device.GetNextPacketPointers(ref header, ref data);
            if (status != (int)GetPacketStatus.PacketRead)
            {
                if (status != (int)GetPacketStatus.ReadTimeout)
                {
                    Lose();
                }

                break;
            }

            var captured = (Libpcap.PacketHeader*)header;
            var bytes = new ReadOnlySpan<byte>((byte*)data, (int)captured->CapturedLength);
            if (bytes.Length < EthernetHeader || bytes.Length > Frame.MaximumLength || captured->Length != captured->CapturedLength
                || Unsafe.ReadUnaligned<ushort>((byte*)data + TypeOffset) is VlanType or ProviderVlanType)
            {
                Counters.Ignored++;
                continue;
            }

            batch.Append(bytes, _number);
        }

        var received = batch.Count - before;
        Counters.Received += received;
        return received;
    }

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<Frame> frames)
    {
        if (_socket is { } socket)
        {
            return socket.Send(frames);
        }

        Counters.InterfaceDown += frames.Length;
        return 0;
    }

    /// <inheritdoc/>
    public void Dispose() => Close();

    private void Open()
    {
        Libpcap.Require();
        var device = new LibPcapLiveDevice(PcapInterface.GetAllPcapInterfaces().FirstOrDefault(found => found.Name == _info.Name)
            ?? throw new LinkException($"libpcap cannot open {_info.Name}: there is no such interface, or no privilege (run as root or with CAP_NET_RAW)"));
        PacketSocket? socket = null;
        try
        {
            device.Open(new DeviceConfiguration
            {
                Mode = _options.Promiscuous ? DeviceModes.Promiscuous : DeviceModes.None,
                Snaplen = Frame.MaximumLength,
                ReadTimeout = BlockTimeoutMilliseconds,
                BufferSize = _options.ReceiveBufferBytes,
                Immediate = _options.Immediate,
            });
            device.NonBlockingMode = true;
            var descriptor = Libpcap.DescriptorOf(device);
            if (!Libc.TrySetOption(descriptor, Libc.PacketLevel, IgnoreOutgoingOption, 1))
            {
                throw new LinkException($"cannot keep our own frames on {_info.Name} from coming back ({Libc.ErrorText}): PACKET_IGNORE_OUTGOING needs Linux 4.20");
            }

            socket = new PacketSocket(_info, _options.BypassQueueingDiscipline, Counters);
            _generation = _fanOut?.Join(_worker, descriptor) ?? 0;
            _isDiscarding = _fanOut is not null;
            Descriptor = descriptor;
            _socket = socket;
            _device = device;
        }
        catch (Exception error)
        {
            socket?.Dispose();
            device.Dispose();
            if (error is PcapException pcap)
            {
                throw new LinkException($"libpcap cannot open {_info.Name}: {Explain(pcap)}");
            }

            throw;
        }
    }

    private static string Explain(PcapException error) => error.Error switch
    {
        PcapError.InterfaceNotUp => "it is not up; 'ip link set ... up'",
        PcapError.PermissionDenied or PcapError.PromiscuousPermissionDenied => "not permitted; run as root or with CAP_NET_RAW",
        PcapError.NoSuchDevice => "there is no such interface",
        _ => error.Message,
    };

    private void Close()
    {
        lock (_closing)
        {
            if (_device is { } device)
            {
                _droppedBefore += Libpcap.DroppedBy(device);
                _device = null;
                device.Dispose();
            }
        }

        Descriptor = -1;
        _socket?.Dispose();
        _socket = null;
    }

    // The interface is gone, or another worker's link has left the fan-out, which then is made anew by all in worker order.
    private void Lose()
    {
        _fanOut?.Dissolve(_generation);
        Close();
        _reopenAt = Environment.TickCount64 + ReopenMilliseconds;
    }

    private bool IsOpen()
    {
        if (_device is not null)
        {
            if (_fanOut is null || _fanOut.Generation == _generation)
            {
                return true;
            }

            Lose();
            return false;
        }

        if (Environment.TickCount64 < _reopenAt || _fanOut?.MayJoin(_worker) == false)
        {
            return false;
        }

        _reopenAt = Environment.TickCount64 + ReopenMilliseconds;
        if (InterfaceList.Find(_info.Name) is not { IsUp: true } info)
        {
            return false;
        }

        try
        {
            _info = info;
            Open();
            Counters.Reopened++;
            return true;
        }
        catch (LinkException)
        {
            return false;
        }
    }

    // Frames from before the last worker joined may be another worker's, or given to several.
    private void Discard(LibPcapLiveDevice device, FanOut fanOut)
    {
        var isComplete = fanOut.IsComplete;
        nint header = 0, data = 0;
        var discarded = 0;
        while (discarded < MostDiscarded && device.GetNextPacketPointers(ref header, ref data) == (int)GetPacketStatus.PacketRead)
        {
            discarded++;
        }

        Counters.DiscardedBeforeFanOut += discarded;
        _isDiscarding = !isComplete;
    }
}
