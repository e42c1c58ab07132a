using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Text;

namespace Director.Cluster.Availability.Vrrp;

/// <summary>
/// VRRP by packet sockets: they show the TTL and the addresses of both families alike, send from a virtual MAC, and ask nothing of the kernel's routes. What goes to one peer leaves by a raw socket,
/// since the kernel knows how to find it. Opened again when the interface comes back.
/// </summary>
internal sealed unsafe class VrrpLink(string @interface, bool isIPv6, Action<string> log) : IVrrpLink
{
    private const int Protocol = 112, Ttl = 255, TrafficClass = 0xC0;
    private const int DontWait = 0x40, BindToDevice = 25, AttachFilter = 26, AddMembership = 1;
    private const ushort MulticastMembership = 0;
    private const nuint GetFlags = 0x8913, GetAddress = 0x8915, GetMac = 0x8927;
    private const int IsUp = 1, IsRunning = 0x40;

    // The flags are asked for by one call; addresses change rarely.
    private const long FlagsEvery = 100_000, AddressesEvery = 1_000_000;

    /// <summary>A socket of IPv4, which interfaces are asked about by; for as long as the process runs.</summary>
    private static readonly Lazy<int> s_question = new(() => SystemCalls.socket(SystemCalls.IPv4Family, SystemCalls.DatagramSocket | SystemCalls.CloseOnExec, 0));

    private readonly byte[] _mac = new byte[6];
    private readonly byte[] _frame = new byte[VrrpFrame.MaxBytes];
    private Socket? _membership;
    private readonly Dictionary<IPAddress, byte[]> _peers = [];
    private int _unicast = -1;
    private IPAddress? _unicastSource;
    private bool _canSend = true;
    private int _index;
    private long _nextFlags, _nextAddresses;
    private ushort _identification;

    /// <inheritdoc/>
    public string Interface { get; } = @interface;

    /// <inheritdoc/>
    public bool IsIPv6 { get; } = isIPv6;

    /// <inheritdoc/>
    public int Descriptor { get; private set; } = -1;

    /// <inheritdoc/>
    public string? Problem { get; private set; }

    /// <inheritdoc/>
    public UInt128 Address { get; private set; }

    private string Family => IsIPv6 ? "IPv6 link-local" : "IPv4";

    /// <summary>Whether an interface is up and has a carrier.</summary>
    public static bool IsUpAndRunning(string nic) =>
        TryAsk(nic, GetFlags, out var request) && (MemoryMarshal.Read<ushort>(Value(request)) & (IsUp | IsRunning)) == (IsUp | IsRunning);

    /// <inheritdoc/>
    public void Refresh(long now)
    {
        if (now < _nextFlags)
            return;
        _nextFlags = now + FlagsEvery;
        var index = (int)SystemCalls.if_nametoindex(Interface);
        if (index != _index || Descriptor < 0)
        {
            Dispose();
            _index = index;
            _nextAddresses = 0;
            if (index == 0)
            {
                Complain($"there is no interface {Interface}");
                return;
            }

            if (!TryOpen(out var problem))
            {
                Dispose();
                Complain(problem);
                return;
            }
        }

        SystemCalls.InterfaceRequest request;
        if (!IsUpAndRunning(Interface))
        {
            Complain($"{Interface} is down");
            return;
        }

        if (now >= _nextAddresses)
        {
            _nextAddresses = now + AddressesEvery;
            if (TryAsk(Interface, GetMac, out request))
                Value(request).Slice(2, 6).CopyTo(_mac);
            Address = IsIPv6 ? LinkLocal() : TryAsk(Interface, GetAddress, out request) ? BinaryPrimitives.ReadUInt32BigEndian(Value(request)[4..]) : 0;
        }

        if (Address == 0)
            Complain($"{Interface} has no {Family} address");
        else
            Problem = null;
    }

    /// <inheritdoc/>
    public void Send(ReadOnlySpan<byte> message, UInt128 source, ReadOnlySpan<byte> mac)
    {
        if (Descriptor < 0)
            return;
        var header = VrrpFrame.HeaderBytes(IsIPv6);
        var frame = _frame.AsSpan(0, header + message.Length);
        message.CopyTo(frame[header..]);
        VrrpFrame.WriteHeaders(frame, IsIPv6, mac.IsEmpty ? _mac : mac, source, ++_identification);
        fixed (byte* bytes = frame)
            _ = SystemCalls.sendto(Descriptor, bytes, (nuint)frame.Length, DontWait, null, 0);
    }

    /// <inheritdoc/>
    public void SendTo(IPAddress peer, ReadOnlySpan<byte> message, IPAddress source)
    {
        if (!source.Equals(_unicastSource))
            CloseUnicast();
        var isSent = _unicast >= 0 || TryOpenUnicast(source);
        if (isSent)
        {
            if (!_peers.TryGetValue(peer, out var address))
                _peers.Add(peer, address = Bytes(peer));
            fixed (byte* bytes = message, to = address)
                isSent = SystemCalls.sendto(_unicast, bytes, (nuint)message.Length, DontWait, to, address.Length) >= 0;
        }

        if (!isSent && _canSend)
            log($"warning: VRRP cannot send from {source} on {Interface} to {peer}: {SystemCalls.ErrorText}");
        _canSend = isSent;
        // Opened anew with the next: the source may come.
        if (!isSent)
            CloseUnicast();
    }

    /// <inheritdoc/>
    public bool TryReceive(Span<byte> buffer, out ReadOnlySpan<byte> packet)
    {
        packet = default;
        nint length;
        fixed (byte* bytes = buffer)
            length = Descriptor < 0 ? -1 : SystemCalls.recvfrom(Descriptor, bytes, (nuint)buffer.Length, DontWait, null, null);
        if (length < 0)
            return false;
        packet = buffer[..(int)length][Math.Min((int)length, VrrpFrame.EthernetBytes)..];
        return true;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Descriptor >= 0)
            _ = SystemCalls.close(Descriptor);
        Descriptor = -1;
        CloseUnicast();
        _membership?.Dispose();
        (_membership, Address) = (null, 0);
    }

    private static Span<byte> Value(in SystemCalls.InterfaceRequest request) =>
        MemoryMarshal.AsBytes(MemoryMarshal.CreateSpan(ref System.Runtime.CompilerServices.Unsafe.AsRef(in request), 1))[16..];

    private void Complain(string problem)
    {
        // The same object for the same problem: it is compared for every pass.
        if (Problem != problem)
            Problem = problem;
    }

    private bool TryOpen(out string problem)
    {
        problem = "";
        var type = IsIPv6 ? (ushort)0x86DD : (ushort)0x0800;
        // Protocol 0 until the filter is there: nothing else is to come.
        Descriptor = SystemCalls.socket(SystemCalls.PacketFamily, SystemCalls.RawSocket | SystemCalls.CloseOnExec | SystemCalls.NonBlocking, 0);
        if (Descriptor < 0)
        {
            problem = $"cannot open a packet socket on {Interface}: {SystemCalls.ErrorText}; run as root or with CAP_NET_RAW";
            return false;
        }

        var address = new SystemCalls.LinkAddress { Family = SystemCalls.PacketFamily, Protocol = BinaryPrimitives.ReverseEndianness(type), InterfaceIndex = _index };
        var membership = new SystemCalls.PacketMembership { InterfaceIndex = _index, Type = MulticastMembership, AddressLength = 6 };
        VrrpFrame.GroupMac(IsIPv6).CopyTo(MemoryMarshal.AsBytes(new Span<ulong>(ref membership.Address)));
        if (!TryFilter() || SystemCalls.bind(Descriptor, &address, sizeof(SystemCalls.LinkAddress)) != 0
            || SystemCalls.setsockopt(Descriptor, SystemCalls.PacketLevel, AddMembership, &membership, sizeof(SystemCalls.PacketMembership)) != 0)
        {
            problem = $"cannot take VRRP packets from {Interface}: {SystemCalls.ErrorText}";
            return false;
        }

        try
        {
            // Joined to the kernel's knowledge too: switches that snoop forward what somebody has asked for.
            _membership = new Socket(IsIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            if (IsIPv6)
            {
                _membership.SetSocketOption(SocketOptionLevel.IPv6, SocketOptionName.AddMembership, new IPv6MulticastOption(VrrpAddress.From(VrrpAddress.IPv6Group, true)!, _index));
            }
            else
            {
                // An ip_mreqn: by the interface's number.
                const int joinGroup = 35;
                _membership.SetRawSocketOption(0, joinGroup, MemoryMarshal.AsBytes<int>([BinaryPrimitives.ReverseEndianness((int)(uint)VrrpAddress.IPv4Group), 0, _index]));
            }

            return true;
        }
        catch (SocketException error)
        {
            problem = $"cannot join VRRP's multicast group on {Interface}: {error.Message}";
            return false;
        }
    }

    /// <summary>VRRP only: everything else that passes the interface is not for this socket.</summary>
    private bool TryFilter()
    {
        const ushort loadByte = 0x30, jumpIfEqual = 0x15, @return = 0x06;
        var program = stackalloc SystemCalls.FilterInstruction[]
        {
            new() { Code = loadByte, Value = (uint)VrrpFrame.EthernetBytes + (IsIPv6 ? 6u : 9u) },
            new() { Code = jumpIfEqual, Value = Protocol, IfFalse = 1 },
            new() { Code = @return, Value = 0xFFFF },
            new() { Code = @return },
        };
        return TryAttach(Descriptor, new SystemCalls.FilterProgram { Length = 4, Instructions = program });
    }

    private static bool TryAttach(int descriptor, SystemCalls.FilterProgram program) =>
        SystemCalls.setsockopt(descriptor, SystemCalls.SocketLevel, AttachFilter, &program, sizeof(SystemCalls.FilterProgram)) == 0;

    /// <summary>A raw socket that sends. That it is there keeps the kernel from answering peers that it knows no such protocol; what it gets itself is thrown away.</summary>
    private bool TryOpenUnicast(IPAddress source)
    {
        const int ip = 0, typeOfService = 1, timeToLive = 2, ipv6 = 41, unicastHops = 16, trafficClass = 67;
        const ushort @return = 0x06;
        _unicastSource = source;
        _unicast = SystemCalls.socket(IsIPv6 ? SystemCalls.IPv6Family : SystemCalls.IPv4Family, SystemCalls.RawSocket | SystemCalls.CloseOnExec | SystemCalls.NonBlocking, Protocol);
        var nothing = stackalloc SystemCalls.FilterInstruction[] { new() { Code = @return } };
        var address = Bytes(source);
        fixed (byte* nic = Encoding.UTF8.GetBytes(Interface), from = address)
        {
            return _unicast >= 0
                && TryAttach(_unicast, new SystemCalls.FilterProgram { Length = 1, Instructions = nothing })
                && SystemCalls.setsockopt(_unicast, SystemCalls.SocketLevel, BindToDevice, nic, Encoding.UTF8.GetByteCount(Interface)) == 0
                && TrySet(IsIPv6 ? ipv6 : ip, IsIPv6 ? trafficClass : typeOfService, TrafficClass)
                && TrySet(IsIPv6 ? ipv6 : ip, IsIPv6 ? unicastHops : timeToLive, Ttl)
                && SystemCalls.bind(_unicast, from, address.Length) == 0;
        }

        bool TrySet(int level, int option, int value) => SystemCalls.setsockopt(_unicast, level, option, &value, sizeof(int)) == 0;
    }

    private void CloseUnicast()
    {
        if (_unicast >= 0)
            _ = SystemCalls.close(_unicast);
        _unicast = -1;
        _peers.Clear();
    }

    private byte[] Bytes(IPAddress address)
    {
        var bytes = new IPEndPoint(address.IsIPv6LinkLocal ? new IPAddress(address.GetAddressBytes(), _index) : address, 0).Serialize();
        return bytes.Buffer[..bytes.Size].ToArray();
    }

    private static bool TryAsk(string nic, nuint what, out SystemCalls.InterfaceRequest request)
    {
        request = default;
        fixed (byte* name = request.Name)
        {
            Encoding.UTF8.GetBytes(nic, new Span<byte>(name, 15));
            return SystemCalls.ioctl(s_question.Value, what, name) == 0;
        }
    }

    /// <summary>The interface's link-local address that is no longer tentative; 0 when there is none.</summary>
    private UInt128 LinkLocal()
    {
        const int tentative = 0x40;
        try
        {
            foreach (var line in File.ReadLines("/proc/net/if_inet6"))
            {
                var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                if (words.Length == 6 && words[5] == Interface && words[3] == "20" && (int.Parse(words[4], NumberStyles.HexNumber, CultureInfo.InvariantCulture) & tentative) == 0)
                    return UInt128.Parse(words[0], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            }
        }
        catch (IOException)
        {
            // A kernel without IPv6.
        }

        return 0;
    }
}
