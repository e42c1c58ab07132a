using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using Director.Lab.Network;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>Bulk data: superframes and partial checksums must be carried.</summary>
[Collection(LabCollection.Name)]
public class DownloadTests(DownloadTests.Files files) : IClassFixture<DownloadTests.Files>
{
    private const string Large = "large";
    private const string Small = "small";

    [SkippableTheory]
    [InlineData(Topology.Nat, false)]
    [InlineData(Topology.Direct, false)]
    [InlineData(Topology.Tunnel, false)]
    [InlineData(Topology.Nat, true)]
    public void A_gigabyte_arrives_intact(Topology topology, bool isIPv6)
    {
        Needs.Lab("nginx", "curl");
        AddressPlan plan = isIPv6 ? AddressPlan.IPv6 : AddressPlan.IPv4;
        using DirectorLab lab = new(topology, realServers: 1);
        lab.Serve(files.Folder).Balance(new(), plan);

        Assert.Equal(files.Digest(Large), Download(lab, plan, Large));
    }

    [SkippableTheory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_client_behind_a_link_of_small_MTU_gets_segments_of_its_own_size(bool isIPv6)
    {
        Needs.Lab("nginx", "curl");
        AddressPlan plan = isIPv6 ? AddressPlan.IPv6 : AddressPlan.IPv4;
        using DirectorLab lab = new(Topology.NatOneArmed, realServers: 1);
        lab.Client.Ip("link set eth0 mtu 1300");
        lab.Net.Router!.Ip("link set eth0 mtu 1300");
        lab.Serve(files.Folder).Balance(new(), plan);

        Assert.Equal(files.Digest(Small), Download(lab, plan, Small));

        // The router would have to refuse segments that are larger than the client announced.
        Assert.Equal(0, TooBigAnswers(lab.Net.Router!, isIPv6));
    }

    [SkippableFact]
    public void A_client_that_announces_a_small_MSS_gets_its_data()
    {
        Needs.Lab("nginx", "curl");
        using DirectorLab lab = new(Topology.Nat, realServers: 1);
        lab.Client.Ip($"route add {lab.Net.Vip(AddressPlan.IPv4)} dev eth0 advmss 536");
        lab.Serve(files.Folder).Balance(new());

        Assert.Equal(files.Digest(Small), Download(lab, AddressPlan.IPv4, Small));
    }

    private static string Download(DirectorLab lab, AddressPlan plan, string file) =>
        lab.Client.Run("sh", "-c", $"curl -sS --fail --max-time 50 'http://{plan.WithPort(lab.Net.Vip(plan), 80)}/files/{file}' | sha256sum").Split(' ')[0];

    /// <summary>Fragmentation-needed or packet-too-big messages that a host sent (/proc/net/snmp, /proc/net/snmp6).</summary>
    private static int TooBigAnswers(LabHost host, bool isIPv6)
    {
        if (isIPv6)
        {
            return host.Run("cat", "/proc/net/snmp6").Split('\n').Where(line => line.StartsWith("Icmp6OutPktTooBigs", StringComparison.Ordinal))
                .Sum(line => int.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture));
        }

        string[][] icmp = [.. host.Run("cat", "/proc/net/snmp").Split('\n').Where(line => line.StartsWith("Icmp:", StringComparison.Ordinal)).Select(line => line.Split(' '))];
        return int.Parse(icmp[1][Array.IndexOf(icmp[0], "OutDestUnreachs")], CultureInfo.InvariantCulture);
    }

    /// <summary>Files in which no two blocks are the same, so that a lost, doubled or moved one changes the digest.</summary>
    public sealed class Files : IDisposable
    {
        private readonly Dictionary<string, string> _digests = [];

        public string Folder { get; } = Directory.CreateTempSubdirectory("director-lab-files-").FullName;

        public string Digest(string name) => _digests.TryGetValue(name, out string? digest) ? digest : throw new InvalidOperationException(name);

        public Files()
        {
            Write(Large, 1024);
            Write(Small, 128);
        }

        public void Dispose() => Directory.Delete(Folder, recursive: true);

        private void Write(string name, int mebibytes)
        {
            byte[] piece = new byte[1 << 20];
            new Random(1).NextBytes(piece);
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using FileStream file = File.Create(Path.Combine(Folder, name));
            for (int number = 0; number < mebibytes; number++)
            {
                for (int offset = 0; offset < piece.Length; offset += 512)
                {
                    BinaryPrimitives.WriteInt32LittleEndian(piece.AsSpan(offset), (number * 2048) + (offset / 512));
                }

                file.Write(piece);
                hash.AppendData(piece);
            }

            _digests[name] = Convert.ToHexStringLower(hash.GetHashAndReset());
        }
    }
}
