using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Director.Health.Paths;

/// <summary>
/// The way of a client's packet to one real server: to the VIP, by the real server's MAC (direct routing) or its tunnel. Sockets with a mark take it, by a routing table for each real server that is asked
/// so. Rules, tables and the device are this process's as long as it runs; <see cref="Clear"/> removes them, also those of one that was killed. Members may be called from any thread.
/// </summary>
public static class DataPath
{
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromSeconds(10);
    private static readonly Lock s_gate = new();
    private static readonly Dictionary<(ServicePath Path, AddressFamily Family), RealServer> s_servers = [];
    private static TunnelDevice? s_device;
    private static long s_looked;

    /// <summary>Removes everything: to be called before the first check and after the last.</summary>
    public static void Clear()
    {
        lock (s_gate)
        {
            s_servers.Clear();
            Run(["link", "delete", TunnelDevice.Name], "");
            s_device?.Dispose();
            s_device = null;
            foreach (var family in new[] { "-4", "-6" })
            {
                // A table that does not exist is an error to ip, and what we want.
                foreach (var table in RoutingCommands.Tables(Run([family, "rule", "show"], "").Output))
                {
                    Run([family, "rule", "flush", "table", $"{table}"], "");
                    Run([family, "route", "flush", "table", $"{table}"], "");
                }
            }
        }
    }

    /// <summary>The mark of packets to a VIP that are to go to a real server. The way is there when it returns.</summary>
    /// <exception cref="InvalidOperationException">There can be no such way on this host.</exception>
    internal static uint Mark(IPAddress vip, ServicePath path)
    {
        lock (s_gate)
        {
            if (s_device is { HasEnded: true })
            {
                Clear();
            }

            Look();
            if (!s_servers.TryGetValue((path, vip.AddressFamily), out var known))
            {
                if (s_servers.Count == RoutingCommands.Most)
                {
                    throw new InvalidOperationException($"more than {RoutingCommands.Most} real servers cannot be asked through the service");
                }

                // Counted from 1: with a tunnel it is a part of an address.
                known = new(s_servers.Count + 1, []);
                Do(vip.AddressFamily, RoutingCommands.SetUp(known.Number), $"rules and routes to {path.Server} cannot be set");
                s_servers[(path, vip.AddressFamily)] = known;
            }

            if (!known.Vips.Contains(vip))
            {
                // What goes to an address of this host never leaves it, and would find this host's own services.
                if (IsOwn(vip))
                {
                    throw new InvalidOperationException($"{vip} is an address of this host, so nobody else can be asked for it");
                }

                if (path.Tunnel is null)
                {
                    Do(vip.AddressFamily, RoutingCommands.Lead(known.Number, vip, path.Server), $"{path.Server} is on none of this host's networks");
                }
                else
                {
                    Device().Add(known.Number, () => new TunnelSender(path.Server, path.Tunnel, vip.AddressFamily == AddressFamily.InterNetworkV6));
                    Do(vip.AddressFamily, RoutingCommands.LeadByTunnel(known.Number, vip, OwnTowards(vip, path.Server)), $"the way to {path.Server} cannot be set");
                }

                known.Vips.Add(vip);
            }

            return RoutingCommands.Mark(known.Number);
        }
    }

    private static TunnelDevice Device()
    {
        if (s_device is null)
        {
            var device = new TunnelDevice();
            try
            {
                Do(AddressFamily.InterNetwork, RoutingCommands.SetUpDevice, $"the device {TunnelDevice.Name} cannot be set up");
            }
            catch
            {
                Run(["link", "delete", TunnelDevice.Name], "");
                device.Dispose();
                throw;
            }

            s_device = device;
        }

        return s_device;
    }

    /// <summary>This host's address for packets that leave it in a tunnel: the one it has towards the real server, or if that is of the other family towards the VIP. Null: the kernel's choice.</summary>
    private static IPAddress? OwnTowards(IPAddress vip, IPAddress server)
    {
        var goal = server.AddressFamily == vip.AddressFamily ? server : vip;
        using var socket = new Socket(goal.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Connect(goal, 9);
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    /// <summary>Sets up again what somebody has flushed. Packets with a mark and without a rule would go to whoever has the VIP.</summary>
    private static void Look()
    {
        if (s_servers.Count == 0 || Stopwatch.GetElapsedTime(s_looked) < s_lookEvery)
        {
            return;
        }

        s_looked = Stopwatch.GetTimestamp();
        foreach (var family in s_servers.GroupBy(each => each.Key.Family))
        {
            var there = RoutingCommands.Tables(Run([RoutingCommands.Option(family.Key), "rule", "show"], "").Output);
            foreach (var known in family.Where(each => !there.Contains(RoutingCommands.Mark(each.Value.Number))))
            {
                Do(family.Key, RoutingCommands.SetUp(known.Value.Number), $"rules and routes to {known.Key.Path.Server} cannot be set");
            }
        }
    }

    private static bool IsOwn(IPAddress address)
    {
        using var socket = new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        try
        {
            socket.Bind(new IPEndPoint(address, 0));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static void Do(AddressFamily family, string lines, string failure)
    {
        var (status, _, errors) = Run([RoutingCommands.Option(family), "-batch", "-"], lines);
        if (status != 0)
        {
            throw new InvalidOperationException($"{failure}: ip says: {errors.Split('\n')[0].Trim()}");
        }
    }

    private static (int Status, string Output, string Errors) Run(string[] arguments, string input)
    {
        var program = new[] { "/sbin/ip", "/usr/sbin/ip", "/bin/ip" }.FirstOrDefault(File.Exists) ?? "ip";
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using var process = Process.Start(start)!;
            var errors = process.StandardError.ReadToEndAsync();
            process.StandardInput.Write(input);
            process.StandardInput.Close();
            var output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return (process.ExitCode, output, errors.GetAwaiter().GetResult());
        }
        catch (Exception failure) when (failure is Win32Exception or IOException)
        {
            return (-1, "", failure.Message);
        }
    }

    private sealed record RealServer(int Number, HashSet<IPAddress> Vips);
}
