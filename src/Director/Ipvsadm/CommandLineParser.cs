using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using Director.Cluster.VirtualServices;
using Director.Forwarding;

namespace Director.Ipvsadm;

/// <summary>
/// Turns an ipvsadm 1.31 command line into a command. The order of options matters as it does there: <c>-6</c> and <c>-M</c> look back at the service that came before them,
/// a real server without a port takes the port of the service before it.
/// </summary>
internal sealed class CommandLineParser
{
    private const int MaximumTimeoutSeconds = 31 * 24 * 60 * 60;
    private const int DefaultPersistenceSeconds = 300;
    private const byte Sctp = 132;

    // IFNAMSIZ, less its end.
    private const int LongestInterface = 15;

    private enum Tag
    {
        AddService, EditService, DeleteService, Clear, List, Zero, AddServer, EditServer, DeleteServer, Set, Help, Version, Restore, Save, StartDaemon, StopDaemon,
        TcpService, UdpService, SctpService, MarkService, Scheduler, Persistent, Netmask, RealServer, Nat, Tunnel, Direct, Weight, UpperThreshold, LowerThreshold,
        Numeric, Connection, McastInterface, SyncId, Timeout, Daemon, Stats, Rate, Thresholds, PersistentConnections, NoSort, Sort, Exact, IPv6, OnePacket,
        PersistenceEngine, SchedulerFlags, McastGroup, McastPort, McastTtl, SyncMaxLength, TunnelInfo, TunnelType, TunnelPort, TunnelNoChecksum, TunnelChecksum,
        TunnelRemoteChecksum,
    }

    private static readonly OptionForm<Tag>[] Forms =
    [
        new(Tag.AddService, "add-service", 'A'),
        new(Tag.EditService, "edit-service", 'E'),
        new(Tag.DeleteService, "delete-service", 'D'),
        new(Tag.Clear, "clear", 'C'),
        new(Tag.List, "list", 'L'),
        new(Tag.List, "list", 'l'),
        new(Tag.Zero, "zero", 'Z'),
        new(Tag.AddServer, "add-server", 'a'),
        new(Tag.EditServer, "edit-server", 'e'),
        new(Tag.DeleteServer, "delete-server", 'd'),
        new(Tag.Set, "set"),
        new(Tag.Help, "help", 'h'),
        new(Tag.Version, "version", 'v'),
        new(Tag.Restore, "restore", 'R'),
        new(Tag.Save, "save", 'S'),
        new(Tag.StartDaemon, "start-daemon", Argument: ArgumentNeed.Required),
        new(Tag.StopDaemon, "stop-daemon", Argument: ArgumentNeed.Required),
        new(Tag.TcpService, "tcp-service", 't', ArgumentNeed.Required),
        new(Tag.UdpService, "udp-service", 'u', ArgumentNeed.Required),
        new(Tag.SctpService, "sctp-service", Argument: ArgumentNeed.Required),
        new(Tag.MarkService, "fwmark-service", 'f', ArgumentNeed.Required),
        new(Tag.Scheduler, "scheduler", 's', ArgumentNeed.Required),
        new(Tag.Persistent, "persistent", 'p', ArgumentNeed.Optional),
        new(Tag.Netmask, "netmask", 'M', ArgumentNeed.Required),
        new(Tag.RealServer, "real-server", 'r', ArgumentNeed.Required),
        new(Tag.Nat, "masquerading", 'm'),
        new(Tag.Tunnel, "ipip", 'i'),
        new(Tag.Direct, "gatewaying", 'g'),
        new(Tag.Weight, "weight", 'w', ArgumentNeed.Required),
        new(Tag.UpperThreshold, "u-threshold", 'x', ArgumentNeed.Required),
        new(Tag.LowerThreshold, "l-threshold", 'y', ArgumentNeed.Required),
        new(Tag.Numeric, "numeric", 'n'),
        new(Tag.Connection, "connection", 'c'),
        new(Tag.McastInterface, "mcast-interface", Argument: ArgumentNeed.Required),
        new(Tag.SyncId, "syncid", Argument: ArgumentNeed.Required),
        new(Tag.Timeout, "timeout"),
        new(Tag.Daemon, "daemon"),
        new(Tag.Stats, "stats"),
        new(Tag.Rate, "rate"),
        new(Tag.Thresholds, "thresholds"),
        new(Tag.PersistentConnections, "persistent-conn"),
        new(Tag.NoSort, "nosort"),
        new(Tag.Sort, "sort"),
        new(Tag.Exact, "exact", 'X'),
        new(Tag.IPv6, "ipv6", '6'),
        new(Tag.OnePacket, "ops", 'o'),
        new(Tag.PersistenceEngine, "pe", Argument: ArgumentNeed.Required),
        new(Tag.SchedulerFlags, "sched-flags", 'b', ArgumentNeed.Required),
        new(Tag.McastGroup, "mcast-group", Argument: ArgumentNeed.Required),
        new(Tag.McastPort, "mcast-port", Argument: ArgumentNeed.Required),
        new(Tag.McastTtl, "mcast-ttl", Argument: ArgumentNeed.Required),
        new(Tag.SyncMaxLength, "sync-maxlen", Argument: ArgumentNeed.Required),
        new(Tag.TunnelInfo, "tun-info"),
        new(Tag.TunnelType, "tun-type", Argument: ArgumentNeed.Required),
        new(Tag.TunnelPort, "tun-port", Argument: ArgumentNeed.Required),
        new(Tag.TunnelNoChecksum, "tun-nocsum"),
        new(Tag.TunnelChecksum, "tun-csum"),
        new(Tag.TunnelRemoteChecksum, "tun-remcsum"),
    ];

    private readonly INames _names;
    private readonly HashSet<OptionName> _options = [];
    private ListFormat _format;
    private string? _notHere;

    // The service, as far as it has been read.
    private byte _protocol;
    private IPAddress? _address;
    private ushort _port;
    private uint _mark;
    private bool _isIPv6;
    private string _scheduler = "";
    private string _schedulerFlags = "";
    private int? _persistenceSeconds;
    private int _prefixLength = 32;
    private bool _onePacket;

    // The real server.
    private IPAddress? _serverAddress;
    private ushort _serverPort;
    private ForwardingMethod _method = ForwardingMethod.Direct;
    private int _weight = 1;
    private int _upperThreshold;
    private int _lowerThreshold;
    private TunnelOptions _tunnel;

    private IpvsDaemonOptions _daemon = new(IpvsRole.Master);

    private CommandLineParser(INames names) => _names = names;

    /// <summary>Parses a command line.</summary>
    /// <param name="program">The name that texts show.</param>
    /// <param name="arguments">At least one, without the program's name.</param>
    /// <param name="names">Names of hosts and services.</param>
    /// <exception cref="IpvsadmException">It is wrong, in ipvsadm's words and with its exit status.</exception>
    public static IpvsadmCommand Parse(string program, IReadOnlyList<string> arguments, INames names)
    {
        OptionReader<Tag> reader = new(arguments, Forms);
        Tag command;
        string? parameter;
        try
        {
            if (!reader.TryRead(out command, out parameter))
                throw IpvsadmException.TryHelp(program);
        }
        catch (UnreadableOptionException)
        {
            throw IpvsadmException.TryHelp(program);
        }

        return command switch
        {
            Tag.Help => new IpvsadmCommand.Help(),
            Tag.Version => new IpvsadmCommand.Version(),
            > Tag.StopDaemon => throw IpvsadmException.TryHelp(program),
            _ => new CommandLineParser(names).Parse(command, parameter, reader),
        };
    }

    private IpvsadmCommand Parse(Tag command, string? parameter, OptionReader<Tag> reader)
    {
        if (command == Tag.StartDaemon && parameter is not ("master" or "backup"))
            throw IpvsadmException.Illegal("illegal start-daemon parameter specified");
        if (command == Tag.StopDaemon && parameter is not ("master" or "backup"))
            throw IpvsadmException.Illegal("illegal start_daemon specified");
        try
        {
            while (reader.TryRead(out Tag tag, out string? argument))
                Read(tag, argument, reader);
        }
        catch (UnreadableOptionException unreadable)
        {
            throw new IpvsadmException(unreadable.Message, IpvsadmException.Refused);
        }

        Queue<string> leftovers = new(reader.Leftovers);
        int[] timeouts = command == Tag.Set ? ReadTimeouts(leftovers) : [];
        if (leftovers.TryDequeue(out string? unexpected))
            throw IpvsadmException.Illegal($"unexpected argument {unexpected}");
        SchedulerFlags flags = ParseSchedulerFlags();
        Legality.Check(NameOf(command), _options);
        switch (command)
        {
            case Tag.AddService or Tag.EditService:
                CheckService();
                break;
            case Tag.AddServer or Tag.EditServer:
                CheckServer();
                break;
            case Tag.List:
                CheckList();
                break;
        }

        if (_notHere is not null)
            throw new IpvsadmException(_notHere, IpvsadmException.Refused);
        return command switch
        {
            Tag.AddService => Change(new AddService(Service(flags))),
            Tag.EditService => Change(new EditService(Service(flags))),
            Tag.DeleteService => Change(new DeleteService(Key())),
            Tag.AddServer => Change(new AddServer(Key(), Server())),
            Tag.EditServer => Change(new EditServer(Key(), Server())),
            Tag.DeleteServer => Change(new DeleteServer(Key(), _serverAddress!, _serverPort)),
            Tag.Clear => Change(new ClearServices()),
            Tag.Set => Change(new SetTimeouts(timeouts[0], timeouts[1], timeouts[2])),
            Tag.Zero => new IpvsadmCommand.Zero(_options.Contains(OptionName.ServiceAddress) ? Key() : null),
            Tag.StartDaemon => new IpvsadmCommand.StartDaemon(_daemon with { Role = RoleOf(parameter!) }),
            Tag.StopDaemon => new IpvsadmCommand.StopDaemon(RoleOf(parameter!)),
            Tag.Save => new IpvsadmCommand.Save(_format),
            Tag.Restore => new IpvsadmCommand.Restore(),
            Tag.List when _options.Contains(OptionName.Connection) => new IpvsadmCommand.ListConnections(_format),
            Tag.List when _options.Contains(OptionName.Timeout) => new IpvsadmCommand.ListTimeouts(),
            Tag.List when _options.Contains(OptionName.Daemon) => new IpvsadmCommand.ListDaemons(),
            _ => new IpvsadmCommand.List(_options.Contains(OptionName.ServiceAddress) ? Key() : null, _format),
        };
    }

    private static IpvsRole RoleOf(string state) => state == "master" ? IpvsRole.Master : IpvsRole.Backup;

    private static IpvsadmCommand.Change Change(TableEdit edit) => new(edit);

    private void Read(Tag tag, string? argument, OptionReader<Tag> reader)
    {
        switch (tag)
        {
            case Tag.TcpService:
                ReadService((byte)Protocol.Tcp, argument!);
                break;
            case Tag.UdpService:
                ReadService((byte)Protocol.Udp, argument!);
                break;
            case Tag.SctpService:
                ReadService(Sctp, argument!);
                _notHere = "--sctp-service is not here yet: this director forwards TCP and UDP";
                break;
            case Tag.MarkService:
                ReadMark(argument!);
                break;
            case Tag.IPv6:
                if (_mark == 0)
                    throw IpvsadmException.Illegal("-6 used before -f\n");
                _isIPv6 = true;
                _prefixLength = 128;
                break;
            case Tag.Scheduler:
                Once(OptionName.Scheduler);
                _scheduler = argument!;
                break;
            case Tag.SchedulerFlags:
                Once(OptionName.SchedFlags);
                _schedulerFlags = argument!;
                break;
            case Tag.Persistent:
                Once(OptionName.Persistent);
                _persistenceSeconds = argument is null ? DefaultPersistenceSeconds : ParseTimeout(argument, 1);
                break;
            case Tag.Netmask:
                Once(OptionName.Netmask);
                _prefixLength = ParseNetmask(argument!);
                break;
            case Tag.OnePacket:
                Once(OptionName.Ops);
                _onePacket = true;
                break;
            case Tag.PersistenceEngine:
                Once(OptionName.Pe);
                _notHere = "--pe is not here yet: persistence is by the client's address";
                break;
            case Tag.RealServer:
                ReadServer(argument!);
                break;
            case Tag.Nat:
                ReadMethod(ForwardingMethod.Nat);
                break;
            case Tag.Tunnel:
                ReadMethod(ForwardingMethod.Tunnel);
                break;
            case Tag.Direct:
                ReadMethod(ForwardingMethod.Direct);
                break;
            case Tag.Weight:
                _weight = ReadNumber(OptionName.Weight, argument!, 0, ushort.MaxValue, "weight");
                break;
            case Tag.UpperThreshold:
                _upperThreshold = ReadNumber(OptionName.UThreshold, argument!, 0, int.MaxValue, "u_threshold");
                break;
            case Tag.LowerThreshold:
                _lowerThreshold = ReadNumber(OptionName.LThreshold, argument!, 0, int.MaxValue, "l_threshold");
                break;
            case Tag.TunnelType:
                Once(OptionName.TunType);
                _tunnel = _tunnel with { Type = ParseTunnelType(argument!) };
                break;
            case Tag.TunnelPort:
                _tunnel = _tunnel with { Port = (ushort)ReadNumber(OptionName.TunPort, argument!, 1, ushort.MaxValue, "tunnel port") };
                break;
            case Tag.TunnelNoChecksum:
                Once(OptionName.TunNocsum);
                break;
            case Tag.TunnelChecksum:
                Once(OptionName.TunCsum);
                _tunnel = _tunnel with { Checksum = TunnelChecksum.Full };
                break;
            case Tag.TunnelRemoteChecksum:
                Once(OptionName.TunRemcsum);
                _tunnel = _tunnel with { Checksum = TunnelChecksum.Remote };
                break;
            case Tag.Connection:
                Once(OptionName.Connection);
                break;
            case Tag.Timeout:
                Once(OptionName.Timeout);
                break;
            case Tag.Daemon:
                Once(OptionName.Daemon);
                break;
            case Tag.Numeric:
                ReadFormat(OptionName.Numeric, ListFormat.Numeric);
                break;
            case Tag.Stats:
                ReadFormat(OptionName.Stats, ListFormat.Stats);
                break;
            case Tag.Rate:
                ReadFormat(OptionName.Rate, ListFormat.Rate);
                break;
            case Tag.Thresholds:
                ReadFormat(OptionName.Thresholds, ListFormat.Thresholds);
                break;
            case Tag.PersistentConnections:
                ReadFormat(OptionName.PersistentConn, ListFormat.PersistentConnections);
                break;
            case Tag.TunnelInfo:
                ReadFormat(OptionName.TunInfo, ListFormat.TunnelInfo);
                break;
            case Tag.NoSort:
                ReadFormat(OptionName.Nosort, ListFormat.NoSort);
                break;
            case Tag.Exact:
                ReadFormat(OptionName.Exact, ListFormat.Exact);
                break;
            case Tag.Sort:
                break;
            case Tag.McastInterface:
                Once(OptionName.McastInterface);
                _daemon = _daemon with { Interface = argument!.Length > LongestInterface ? argument[..LongestInterface] : argument };
                break;
            case Tag.SyncId:
                _daemon = _daemon with { SyncId = ReadNumber(OptionName.Syncid, argument!, 0, 255, "syncid") };
                break;
            case Tag.McastGroup:
                Once(OptionName.McastGroup);
                _daemon = _daemon with { Group = ParseMulticast(argument!) };
                break;
            case Tag.McastPort:
                _daemon = _daemon with { Port = ReadNumber(OptionName.McastPort, argument!, 1, ushort.MaxValue, "mcast-port") };
                break;
            case Tag.McastTtl:
                _daemon = _daemon with { Ttl = ReadNumber(OptionName.McastTtl, argument!, 1, 255, "mcast-ttl") };
                break;
            case Tag.SyncMaxLength:
                _daemon = _daemon with { MaximumLength = ReadNumber(OptionName.SyncMaxlen, argument!, 1, ushort.MaxValue - 20 - 8, "sync-maxlen") };
                break;
            default:
                throw IpvsadmException.Illegal($"invalid option `{reader.Element}'");
        }
    }

    private void Once(OptionName option)
    {
        if (!_options.Add(option))
            throw IpvsadmException.Illegal($"multiple '{Legality.NameOf(option)}' options specified");
    }

    private void ReadFormat(OptionName option, ListFormat format)
    {
        Once(option);
        _format |= format;
    }

    private int ReadNumber(OptionName option, string text, int minimum, int maximum, string what)
    {
        Once(option);
        return Numbers.TryParse(text, minimum, maximum, out long number) ? (int)number : throw IpvsadmException.Illegal($"illegal {what} specified");
    }

    private void ReadService(byte protocol, string text)
    {
        Once(OptionName.ServiceAddress);
        _protocol = protocol;
        if (HostPort.Parse(text, protocol, _names) is not { } service)
            throw IpvsadmException.Illegal("illegal virtual server address[:port] specified");
        _address = service.Address;
        _port = service.Port ?? 0;
        _isIPv6 = service.Address.AddressFamily == AddressFamily.InterNetworkV6;
        if (_isIPv6)
            _prefixLength = 128;
    }

    private void ReadMark(string text)
    {
        Once(OptionName.ServiceAddress);
        if (!Numbers.TryParse(text, 1, uint.MaxValue, out long mark))
            throw IpvsadmException.Illegal($"invalid fwmark value `{text}' specified");
        _mark = (uint)mark;
        _isIPv6 = false;
        _protocol = (byte)Protocol.Tcp;
    }

    private void ReadServer(string text)
    {
        Once(OptionName.RealServer);
        if (HostPort.Parse(text, _protocol, _names) is not { } server)
            throw IpvsadmException.Illegal("illegal real server address[:port] specified");
        _serverAddress = server.Address;
        _serverPort = server.Port ?? _port;
    }

    private void ReadMethod(ForwardingMethod method)
    {
        Once(OptionName.ForwardingMethod);
        _method = method;
    }

    private int ParseNetmask(string text)
    {
        if (_isIPv6)
        {
            long prefix = Numbers.Leading(text);
            return prefix is >= 1 and <= 128 ? (int)prefix : throw IpvsadmException.Illegal("illegal ipv6 netmask specified");
        }

        // IPVS takes any mask; ours is a prefix, so one with holes is as illegal as one that is no address.
        uint mask = HostPort.ParseIPv4(text, _names) is { } address ? BinaryPrimitives.ReadUInt32BigEndian(address.GetAddressBytes()) : 0;
        int length = BitOperations.LeadingZeroCount(~mask);
        return length > 0 && BitOperations.PopCount(mask) == length ? length : throw IpvsadmException.Illegal("illegal virtual server persistent mask specified");
    }

    private static int ParseTimeout(string text, int minimum) => Numbers.TryParse(text, minimum, MaximumTimeoutSeconds, out long seconds)
        ? (int)seconds
        : throw IpvsadmException.Illegal($"invalid timeout value `{text}' specified");

    private static int[] ReadTimeouts(Queue<string> leftovers)
    {
        if (leftovers.Count < 3)
            throw IpvsadmException.Illegal("--set option requires 3 timeout values");
        return [ParseTimeout(leftovers.Dequeue(), 0), ParseTimeout(leftovers.Dequeue(), 0), ParseTimeout(leftovers.Dequeue(), 0)];
    }

    private static TunnelType ParseTunnelType(string text) => text switch
    {
        "ipip" => TunnelType.IpIp,
        "gue" => TunnelType.Gue,
        "gre" => TunnelType.Gre,
        _ => throw IpvsadmException.Illegal("illegal tunnel type specified"),
    };

    private static IPAddress ParseMulticast(string text)
    {
        bool isIPv6 = text.Contains(':');
        return IPAddress.TryParse(text, out IPAddress? address) && (isIPv6
            ? address.IsIPv6Multicast
            : address.GetAddressBytes()[0] is >= 224 and <= 239)
            ? address
            : throw IpvsadmException.Illegal($"invalid {(isIPv6 ? "IPv6" : "IPv4")} mcast-group `{text}'");
    }

    private SchedulerFlags ParseSchedulerFlags()
    {
        SchedulerFlags flags = SchedulerFlags.None;
        string scheduler = _scheduler.Length == 0 ? "wlc" : _scheduler;
        foreach (string flag in _schedulerFlags.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            (SchedulerFlags value, string? only) = flag switch
            {
                "flag-1" => (SchedulerFlags.Fallback, null),
                "flag-2" => (SchedulerFlags.Port, null),
                "flag-3" => (SchedulerFlags.Third, null),
                "sh-fallback" => (SchedulerFlags.Fallback, "sh"),
                "sh-port" => (SchedulerFlags.Port, "sh"),
                "mh-fallback" => (SchedulerFlags.Fallback, "mh"),
                "mh-port" => (SchedulerFlags.Port, "mh"),
                _ => throw IpvsadmException.Illegal($"invalid scheduler flag `{flag}'"),
            };
            if (only is not null && only != scheduler)
                throw IpvsadmException.Illegal($"incompatible scheduler flag `{flag}'");
            flags |= value;
        }

        return flags;
    }

    private void CheckService()
    {
        if (_mark == 0 && _port == 0 && _persistenceSeconds is null)
            throw IpvsadmException.Illegal("Zero port specified for non-persistent service");
        if (_onePacket && _mark == 0 && _protocol != (byte)Protocol.Udp)
            throw IpvsadmException.Illegal("One-Packet Scheduling is only for UDP virtual services");
    }

    private void CheckServer()
    {
        // Only NAT changes the port; a mark service has none to force.
        if (_mark == 0 && _method != ForwardingMethod.Nat)
            _serverPort = _port;
        if ((_serverAddress!.AddressFamily == AddressFamily.InterNetworkV6) != _isIPv6 && _method != ForwardingMethod.Tunnel)
            throw IpvsadmException.Illegal("Different address family is allowed only for tunneling servers");
        if (_method != ForwardingMethod.Tunnel && _options.Any(Legality.IsTunnelOption))
            throw IpvsadmException.Illegal("Tunnel options conflict with forward method");
        Legality.Check(_tunnel.Type, _options);
    }

    private void CheckList()
    {
        bool another = _options.Overlaps([OptionName.Connection, OptionName.Timeout, OptionName.Daemon]);
        if ((another && _options.Overlaps([OptionName.Stats, OptionName.Rate, OptionName.Thresholds]))
            || (_options.Overlaps([OptionName.Timeout, OptionName.Daemon]) && _options.Contains(OptionName.PersistentConn)))
            throw IpvsadmException.Illegal("options conflicts in the list command");
    }

    private ServiceKey Key() => _mark != 0 ? ServiceKey.ForMark(_mark, _isIPv6) : ServiceKey.ForAddress((Protocol)_protocol, _address!, _port);

    private VirtualServiceSpec Service(SchedulerFlags flags) => new(Key())
    {
        Scheduler = _scheduler.Length == 0 ? "wlc" : _scheduler,
        SchedulerFlags = flags,
        Persistence = _persistenceSeconds is { } seconds ? new Persistence(seconds, _prefixLength) : null,
        OnePacket = _onePacket,
    };

    private RealServerSpec Server() => new(_serverAddress!, _serverPort)
    {
        Method = _method,
        Tunnel = _tunnel,
        Weight = _weight,
        UpperThreshold = _upperThreshold,
        LowerThreshold = _lowerThreshold,
    };

    private static CommandName NameOf(Tag command) => command switch
    {
        Tag.AddService => CommandName.AddService,
        Tag.EditService => CommandName.EditService,
        Tag.DeleteService => CommandName.DeleteService,
        Tag.Clear => CommandName.Flush,
        Tag.List => CommandName.List,
        Tag.Zero => CommandName.Zero,
        Tag.AddServer => CommandName.AddServer,
        Tag.EditServer => CommandName.EditServer,
        Tag.DeleteServer => CommandName.DeleteServer,
        Tag.Set => CommandName.Set,
        Tag.Restore => CommandName.Restore,
        Tag.Save => CommandName.Save,
        Tag.StartDaemon => CommandName.StartDaemon,
        _ => CommandName.StopDaemon,
    };
}
