using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;
using Director.Lab.Witness;
using Xunit.Abstractions;

namespace Director.Lab.Tests.Clusters;

/// <summary>A stranger on the directors' own LAN who sends what he likes, also what he has heard there.</summary>
[Collection(LabCollection.Name)]
public class HostileDatagramTests(ITestOutputHelper output)
{
    private const int HeartbeatPort = 694;
    private const int SynchronisationPort = 2552;
    private const int OfEachKind = 100;
    private const int ReadersOfEachKind = 10;

    // In the order of HeartbeatFormat and Datagram: what lies where on the wire.
    private const int HeartbeatVersion = 7;
    private const int HeartbeatCluster = 12;
    private const int SynchronisationVersion = 3;
    private const int SynchronisationIdentity = 4;
    private const int SynchronisationBoot = 8;
    private const int SynchronisationSealed = 36;

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan _calm = TimeSpan.FromSeconds(1);

    [SkippableFact]
    public void What_a_stranger_sends_to_heartbeats_and_synchronisation_is_counted_and_nothing_else_happens()
    {
        Needs.Lab("nft", "tcpdump", "curl");
        using ClusterLab lab = new(Topology.Nat);
        int holder = lab.WaitForHolder();
        using LabWitness witness = lab.Watch(100);
        lab.WaitUntilSynchronised(3 - holder);
        LabHost stranger = lab.Net.Network.AddHost("stranger");
        lab.Net.Network.Connect(stranger, "eth0", "cluster", "10.9.0.99/24");
        ILookup<(string To, int Port), byte[]> heard = Listen(lab);
        string before = lab.Roles;
        int[] lines = [.. Both.Select(number => Lines(lab, number))];

        witness.BeginPhase();
        foreach (int number in Both)
        {
            string to = LabTopology.ClusterAddress(number);
            AttackHeartbeats(lab, number, stranger, [.. heard[(to, HeartbeatPort)]]);
            AttackSynchronisation(lab, number, stranger, [.. heard[(to, SynchronisationPort)]]);
            AttackSnapshots(lab, number, stranger, heard[(to, SynchronisationPort)].First()[SynchronisationIdentity..SynchronisationBoot]);
        }

        WitnessFigures seen = witness.Watch(_calm);
        output.WriteLine(seen.ToJson());
        Assert.True(witness.IsWhole && seen is { Broken: 0, Refused: 0, ProbesAnswered: > 0 }, $"{seen.ToJson()} {lab.Said}");
        Assert.True(before == lab.Roles, $"{before}, then {lab.Roles}: {lab.Said}");
        Assert.Equal(holder, lab.Holder);
        Assert.All(Both, number => lab.WaitUntilSynchronised(number));
        Assert.All(Both, number => Assert.True(Lines(lab, number) - lines[number - 1] <= 12, lab.Director(number).Process.Output + lab.Director(number).Process.Error));
    }

    private static IEnumerable<int> Both => [1, 2];

    private static void AttackHeartbeats(ClusterLab lab, int number, LabHost stranger, byte[][] heard)
    {
        IPEndPoint to = new(IPAddress.Parse(LabTopology.ClusterAddress(number)), HeartbeatPort);
        Attack(lab, number, stranger, to, "heartbeat", "drop-unknown", _ => Random(200));
        Attack(lab, number, stranger, to, "heartbeat", "drop-unknown", i => heard[i % heard.Length][..5]);
        Attack(lab, number, stranger, to, "heartbeat", "drop-truncated", i => heard[i % heard.Length][..^(1 + i % 10)]);
        Attack(lab, number, stranger, to, "heartbeat", "drop-version", i => Changed(heard[i % heard.Length], HeartbeatVersion));
        Attack(lab, number, stranger, to, "heartbeat", "drop-foreign", i => Changed(heard[i % heard.Length], HeartbeatCluster));
        Attack(lab, number, stranger, to, "heartbeat", "drop-forged", i => Changed(heard[i % heard.Length], heard[i % heard.Length].Length - 1 - i % 60));
        Attack(lab, number, stranger, to, "heartbeat", "drop-replayed", i => heard[i % (heard.Length - 1)]);
    }

    private static void AttackSynchronisation(ClusterLab lab, int number, LabHost stranger, byte[][] heard)
    {
        IPEndPoint to = new(IPAddress.Parse(LabTopology.ClusterAddress(number)), SynchronisationPort);
        Attack(lab, number, stranger, to, "synchronisation", "drop-foreign", _ => Random(200));
        Attack(lab, number, stranger, to, "synchronisation", "drop-truncated", i => heard[i % heard.Length][..(i % SynchronisationSealed)]);
        Attack(lab, number, stranger, to, "synchronisation", "drop-other-version", i => Changed(heard[i % heard.Length], SynchronisationVersion));
        Attack(lab, number, stranger, to, "synchronisation", "drop-other-key", i => Changed(heard[i % heard.Length], SynchronisationIdentity));
        Attack(lab, number, stranger, to, "synchronisation", "drop-unknown-sender", i => Changed(heard[i % heard.Length], SynchronisationBoot));
        Attack(lab, number, stranger, to, "synchronisation", "drop-forged", i => Changed(heard[i % heard.Length], SynchronisationSealed + (i % 16)));
        Attack(lab, number, stranger, to, "synchronisation", "drop-replayed", i => heard[i % heard.Length]);
    }

    private static void AttackSnapshots(ClusterLab lab, int number, LabHost stranger, byte[] identity)
    {
        IPEndPoint to = new(IPAddress.Parse(LabTopology.ClusterAddress(number)), SynchronisationPort);
        byte[] frame = [0, 0, 0, 100, .. Random(116)];
        AttackSnapshots(lab, number, stranger, to, () => Random(200));
        AttackSnapshots(lab, number, stranger, to, () => [.. "DSS\x02"u8, .. identity, .. Random(32)]);
        AttackSnapshots(lab, number, stranger, to, () => [.. "DSS\x01"u8, .. Random(36)]);
        AttackSnapshots(lab, number, stranger, to, () => [.. "DSS\x01"u8, .. identity, .. Random(32), .. frame]);
        AttackSnapshots(lab, number, stranger, to, () => [.. "DSS\x01"u8, .. identity]);
    }

    /// <summary>Sends datagrams, and waits until a director has counted every one.</summary>
    private static void Attack(ClusterLab lab, int number, LabHost stranger, IPEndPoint to, string whose, string counter, Func<int, byte[]> datagram)
    {
        long before = Counter(lab, number, whose, counter);
        stranger.Inside(() =>
        {
            using Socket socket = new(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            for (int i = 0; i < OfEachKind; i++)
            {
                socket.SendTo(datagram(i), to);
                if (i % 10 == 0)
                {
                    // More at once would not fit the receiver's socket, and what is not received is not counted.
                    Thread.Sleep(2);
                }
            }
        });
        WaitForCount(lab, number, whose, counter, before + OfEachKind);
    }

    /// <summary>Asks for snapshots without the cluster's secret, and waits until a director has counted every one.</summary>
    private static void AttackSnapshots(ClusterLab lab, int number, LabHost stranger, IPEndPoint to, Func<byte[]> bytes)
    {
        const string refused = "readers-refused";
        long before = Counter(lab, number, "synchronisation", refused);
        stranger.Inside(() =>
        {
            for (int i = 0; i < ReadersOfEachKind; i++)
            {
                using Socket socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = (int)_patience.TotalMilliseconds };
                socket.Connect(to);
                socket.Send(bytes());
                socket.Shutdown(SocketShutdown.Send);
                WaitForEnd(socket);
            }
        });
        WaitForCount(lab, number, "synchronisation", refused, before + ReadersOfEachKind);
    }

    private static void WaitForEnd(Socket socket)
    {
        byte[] greeting = new byte[1000];
        try
        {
            while (socket.Receive(greeting) > 0)
            {
            }
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            // It was closed with bytes unread.
        }
    }

    private static void WaitForCount(ClusterLab lab, int number, string whose, string counter, long count) => Eventually.Holds(
        () => Counter(lab, number, whose, counter) >= count, _patience, () => $"director{number} has counted {count} {counter} for {whose}: {lab.Figures(number).GetProperty(whose)}");

    private static long Counter(ClusterLab lab, int number, string whose, string counter) =>
        lab.Figures(number).GetProperty(whose).GetProperty("counters") is var counters && counters.TryGetProperty(counter, out JsonElement count) ? count.GetInt64() : 0;

    /// <summary>The datagrams that directors sent each other in a while, by their receiver.</summary>
    private static ILookup<(string To, int Port), byte[]> Listen(ClusterLab lab)
    {
        string file = lab.Net.Network.Switch.File("heard.pcap");
        using HostProcess recorder = lab.Net.Network.Switch.Start("tcpdump", "-n", "-U", "-Z", "root", "-w", file, "-i", "cluster", $"udp port {HeartbeatPort} or udp port {SynchronisationPort}");
        ILookup<(string To, int Port), byte[]>? heard = null;
        Eventually.Holds(
            () =>
            {
                heard = File.Exists(file) ? Datagrams(File.ReadAllBytes(file)).ToLookup(one => (one.To, one.Port), one => one.Datagram) : null;
                return heard?.Count == 4 && heard.All(one => one.Count() >= 5);
            },
            _patience,
            () => $"directors send each other heartbeats and connections: {recorder.Error}");
        return heard!;
    }

    /// <summary>Reads Ethernet, IPv4 and UDP out of a capture file (pcap-savefile(5), in this machine's byte order).</summary>
    private static IEnumerable<(string To, int Port, byte[] Datagram)> Datagrams(byte[] file)
    {
        const int fileHeader = 24, recordHeader = 16, ethernet = 14, udpHeader = 8;
        for (int at = fileHeader; at + recordHeader <= file.Length;)
        {
            int length = BitConverter.ToInt32(file, at + 8);
            int ip = at + recordHeader + ethernet;
            at += recordHeader + length;
            if (at > file.Length)
            {
                yield break;
            }

            int udp = ip + ((file[ip] & 15) * 4);
            yield return (
                new IPAddress(file.AsSpan(ip + 16, 4)).ToString(),
                BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(udp + 2)),
                file[(udp + udpHeader)..(udp + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(udp + 4)))]);
        }
    }

    private static byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        System.Random.Shared.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Changed(byte[] datagram, int at)
    {
        byte[] changed = [.. datagram];
        changed[at] ^= 0x40;
        return changed;
    }

    private static int Lines(ClusterLab lab, int number) => (lab.Director(number).Process.Output + lab.Director(number).Process.Error).Count(letter => letter == '\n');
}
