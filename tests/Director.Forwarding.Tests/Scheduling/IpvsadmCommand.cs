using System.Collections.Immutable;
using System.Net;

namespace Director.Forwarding.Tests.Scheduling;

/// <summary>Just enough of <c>ipvsadm</c> to do what the vectors did: -A -E -D -C -a -e -d with their options, all of them right.</summary>
internal static class IpvsadmCommand
{
    /// <summary>The table after a command.</summary>
    public static ForwardingTable Apply(this ForwardingTable table, string arguments)
    {
        var words = new Queue<string>(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        string command = words.Dequeue();
        if (command == "-C")
        {
            return table with { Services = [] };
        }

        var key = TakeKey(words);
        int at = table.Services.ToList().FindIndex(service => service.Key == key);
        return command switch
        {
            "-A" => table with { Services = table.Services.Add(TakeService(new VirtualServiceSpec(key), words)) },
            "-E" => table with
            {
                Services = table.Services.SetItem(at, TakeService(new VirtualServiceSpec(key) { RealServers = table.Services[at].RealServers }, words)),
            },
            "-D" => table with { Services = table.Services.RemoveAt(at) },
            _ => table with { Services = table.Services.SetItem(at, table.Services[at] with { RealServers = Change(table.Services[at], command, words) }) },
        };
    }

    private static ServiceKey TakeKey(Queue<string> words)
    {
        string option = words.Dequeue();
        string value = words.Dequeue();
        if (option == "-f")
        {
            bool isIPv6 = words.TryPeek(out string? next) && next == "-6" && words.TryDequeue(out _);
            return ServiceKey.ForMark(uint.Parse(value), isIPv6);
        }

        var endPoint = IPEndPoint.Parse(value);
        return ServiceKey.ForAddress(option == "-t" ? Protocol.Tcp : Protocol.Udp, endPoint.Address, (ushort)endPoint.Port);
    }

    private static VirtualServiceSpec TakeService(VirtualServiceSpec service, Queue<string> words)
    {
        int full = service.Key.IsIPv6 ? 128 : 32;
        while (words.TryDequeue(out string? option))
        {
            service = option switch
            {
                "-s" => service with { Scheduler = words.Dequeue() },
                "-b" => service with { SchedulerFlags = words.Dequeue().Split(',').Select(Flag).Aggregate((left, right) => left | right) },
                "-p" => service with { Persistence = new Persistence(int.Parse(words.Dequeue()), full) },
                "-M" => service with { Persistence = service.Persistence!.Value with { PrefixLength = PrefixLength(words.Dequeue()) } },
                "-o" => service with { OnePacket = true },
                _ => throw new FormatException($"A vector gives a service the option '{option}'."),
            };
        }

        return service;
    }

    private static ImmutableArray<RealServerSpec> Change(VirtualServiceSpec service, string command, Queue<string> words)
    {
        var real = new RealServerSpec(IPAddress.Any, 0);
        while (words.TryDequeue(out string? option))
        {
            real = option switch
            {
                "-r" => WithAddress(real, words.Dequeue(), service.Key.Port),
                "-m" => real with { Method = ForwardingMethod.Nat },
                "-g" => real with { Method = ForwardingMethod.Direct },
                "-i" => real with { Method = ForwardingMethod.Tunnel },
                "-w" => real with { Weight = int.Parse(words.Dequeue()) },
                "-x" => real with { UpperThreshold = int.Parse(words.Dequeue()) },
                "-y" => real with { LowerThreshold = int.Parse(words.Dequeue()) },
                _ => throw new FormatException($"A vector gives a real server the option '{option}'."),
            };
        }

        int at = service.RealServers.ToList().FindIndex(other => other.Address.Equals(real.Address) && other.Port == real.Port);
        return command switch
        {
            "-a" => service.RealServers.Add(real),
            "-e" => service.RealServers.SetItem(at, real),
            "-d" => service.RealServers.RemoveAt(at),
            _ => throw new FormatException($"A vector has the command '{command}'."),
        };
    }

    private static RealServerSpec WithAddress(RealServerSpec real, string text, ushort defaultPort)
    {
        bool hasPort = text.StartsWith('[') || text.Count(character => character == ':') == 1;
        var endPoint = IPEndPoint.Parse(text);
        return real with { Address = endPoint.Address, Port = hasPort ? (ushort)endPoint.Port : defaultPort };
    }

    private static SchedulerFlags Flag(string name) => name switch
    {
        "sh-fallback" or "mh-fallback" or "flag-1" => SchedulerFlags.Fallback,
        "sh-port" or "mh-port" or "flag-2" => SchedulerFlags.Port,
        "flag-3" => SchedulerFlags.Third,
        _ => throw new FormatException($"A vector has the scheduler flag '{name}'."),
    };

    private static int PrefixLength(string mask) => mask.Contains('.')
        ? IPAddress.Parse(mask).GetAddressBytes().Sum(each => int.PopCount(each))
        : int.Parse(mask);
}
