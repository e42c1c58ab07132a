using System.Runtime.InteropServices;
using System.Text;

namespace Director.Forwarding.Links;

/// <summary>
/// One queue of a TUN device (kernel documentation, networking/tuntap.rst): IP packets to and from this host. Opening the first queue makes the device; it is gone when the last is closed.
/// </summary>
internal sealed unsafe class TunLink : ILink
{
    private const string Device = "/dev/net/tun";
    private const int ReadWrite = 2;
    private const nuint SetInterface = 0x400454ca, SetOffloads = 0x400454d0, SetSteering = 0x800454e0;
    private const short Tun = 0x1, MultiQueue = 0x100, NoPacketInformation = 0x1000, VirtioHeader = 0x4000;
    private const nint PartialChecksums = 0x1, TcpIPv4Superframes = 0x2, TcpIPv6Superframes = 0x4, EcnSuperframes = 0x8;
    private const int NoSuchFile = 2, NotPermittedByMode = 13, BadState = 77, InputOutput = 5;

    private readonly int _number;
    private readonly InterfaceInfo _info;

    /// <summary>Opens a queue.</summary>
    /// <param name="name">The device's name, at most 15 bytes.</param>
    /// <param name="number">The index among the worker's links that its frames carry.</param>
    /// <param name="steering">Chooses the queue of each packet by the order in which the queues were opened, so workers open theirs in order; null leaves it to the kernel.</param>
    /// <exception cref="LinkException">No TUN support, no privilege, or the name is taken.</exception>
    public TunLink(string name, int number = 0, SteeringProgram? steering = null)
    {
        _number = number;
        Descriptor = Libc.open(Device, ReadWrite | Libc.NonBlocking | Libc.CloseOnExec);
        if (Descriptor < 0)
        {
            throw new LinkException(Libc.Error switch
            {
                NoSuchFile or Libc.NoDevice => $"there is no {Device}: 'modprobe tun', or in a container '--device {Device}'",
                NotPermittedByMode or Libc.NotPermitted => $"{Device} may not be opened: run as root, or in a container with '--device {Device}'",
                _ => $"cannot open {Device}: {Libc.ErrorText}",
            });
        }

        try
        {
            var request = new InterfaceRequest { Flags = Tun | NoPacketInformation | VirtioHeader | MultiQueue };
            Encoding.UTF8.GetBytes(name, new Span<byte>(request.Name, InterfaceRequest.NameBytes - 1));
            if (Libc.ioctl(Descriptor, SetInterface, &request) != 0)
            {
                throw new LinkException(Libc.Error == Libc.NotPermitted
                    ? $"the TUN device {name} may not be made: run as root or with CAP_NET_ADMIN"
                    : $"the TUN device {name} cannot be made: {Libc.ErrorText}; is the name taken? 'ip link show {name}'");
            }

            var queue = steering?.Descriptor ?? -1;
            if (Libc.ioctl(Descriptor, SetOffloads, (void*)(PartialChecksums | TcpIPv4Superframes | TcpIPv6Superframes | EcnSuperframes)) != 0
                || (steering is not null && Libc.ioctl(Descriptor, SetSteering, &queue) != 0))
            {
                throw new LinkException($"the TUN device {name} cannot be set up: {Libc.ErrorText}");
            }

            _info = InterfaceList.Find(name) ?? throw new LinkException($"the TUN device {name} is gone");
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public string Name => _info.Name;

    /// <inheritdoc/>
    public int InterfaceIndex => _info.Index;

    /// <inheritdoc/>
    public LinkKind Kind => LinkKind.Ip;

    /// <inheritdoc/>
    public ulong Mac => 0;

    /// <summary>As it was when the queue was opened.</summary>
    public int Mtu => _info.Mtu;

    /// <inheritdoc/>
    public int Descriptor { get; private set; }

    /// <inheritdoc/>
    public LinkCounters Counters { get; } = new();

    /// <inheritdoc/>
    public int Receive(FrameBatch batch)
    {
        var before = batch.Count;
        while (batch.HasRoom)
        {
            var header = (VirtioNetHeader*)(batch.Next - sizeof(VirtioNetHeader));
            var read = Libc.read(Descriptor, header, (nuint)(sizeof(VirtioNetHeader) + Frame.MaximumLength));
            if (read <= sizeof(VirtioNetHeader))
            {
                break;
            }

            if (!header->TryDescribe(ref batch.Append((int)read - sizeof(VirtioNetHeader), _number)))
            {
                batch.RemoveLast();
                Counters.Ignored++;
            }
        }

        var received = batch.Count - before;
        Counters.Received += received;
        return received;
    }

    /// <inheritdoc/>
    public int Send(ReadOnlySpan<Frame> frames)
    {
        var sent = 0;
        foreach (ref readonly var frame in frames)
        {
            var message = VirtioNetHeader.PutBefore(frame);
            if (Libc.write(Descriptor, message, (nuint)(sizeof(VirtioNetHeader) + frame.Length)) >= 0)
            {
                sent++;
                continue;
            }

            switch (Libc.Error)
            {
                case Libc.WouldBlock:
                    Counters.SendBufferFull++;
                    break;
                case BadState or InputOutput:
                    Counters.InterfaceDown++;
                    break;
                case var error:
                    Counters.RefusedOtherwise++;
                    Counters.LastError = error;
                    break;
            }
        }

        Counters.Sent += sent;
        return sent;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Descriptor >= 0)
        {
            _ = Libc.close(Descriptor);
            Descriptor = -1;
        }
    }

    /// <summary><c>struct ifreq</c> with its flags.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    internal struct InterfaceRequest
    {
        public const int NameBytes = 16;

        public fixed byte Name[NameBytes];
        public short Flags;
    }
}
