using System.ComponentModel;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace Director.Health.Paths;

/// <summary>
/// The way of a client's packet to one real server (direct routing): to the VIP, by the real server's MAC. Sockets with a mark take it, by a routing table for each real server that is asked so. Rules and
/// tables are this process's as long as it runs; <see cref="Clear"/> removes them, also those of one that was killed. Members may be called from any thread.
/// </summary>
public static class DataPath
{
    private static readonly TimeSpan s_lookEvery = TimeSpan.FromSeconds(10);
    private static readonly Lock s_gate = new();
    private static readonly Dictionary<IPAddress, RealServer> s_servers = [];
    private static long s_looked;

    /// <summary>Removes everything: to be called before the first check and after the last.</summary>
    public static void Clear()
    {
        lock (s_gate)
        {
            s_servers.Clear();
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
    internal static uint Mark(IPAddress vip, IPAddress server)
    {
        lock (s_gate)
        {
            Look();
            if (!s_servers.TryGetValue(server, out var known))
            {
                if (s_servers.Count == RoutingCommands.Most)
                {
                    throw new InvalidOperationException($"more than {RoutingCommands.Most} real servers cannot be asked through the service");
                }

                known = new(s_servers.Count, []);
                Do(server, RoutingCommands.SetUp(known.Number), $"rules and routes to {server} cannot be set");
                s_servers[server] = known;
            }

            if (!known.Vips.Contains(vip))
            {
                // What goes to an address of this host never leaves it, and would find this host's own services.
                if (IsOwn(vip))
                {
                    throw new InvalidOperationException($"{vip} is an address of this host, so nobody else can be asked for it");
                }

                Do(server, RoutingCommands.Lead(known.Number, vip, server), $"{server} is on none of this host's networks");
                known.Vips.Add(vip);
            }

            return RoutingCommands.Mark(known.Number);
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
        foreach (var family in s_servers.GroupBy(server => RoutingCommands.Family(server.Key)))
        {
            var there = RoutingCommands.Tables(Run([family.Key, "rule", "show"], "").Output);
            foreach (var (server, known) in family.Where(each => !there.Contains(RoutingCommands.Mark(each.Value.Number))))
            {
                Do(server, RoutingCommands.SetUp(known.Number), $"rules and routes to {server} cannot be set");
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

    private static void Do(IPAddress server, string lines, string failure)
    {
        var (status, _, errors) = Run([RoutingCommands.Family(server), "-batch", "-"], lines);
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
