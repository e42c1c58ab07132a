using System.Diagnostics;
using System.Security.Cryptography;
using Director.Lab.Network;
using Director.Lab.Processes;
using Director.Lab.Software;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>Long-lived interactive connections, and uploads, by ssh.</summary>
[Collection(LabCollection.Name)]
public class SshTests
{
    private const int Port = 22;
    private static readonly TimeSpan _idleTimeout = TimeSpan.FromSeconds(3);

    [SkippableTheory]
    [InlineData(Topology.Nat)]
    [InlineData(Topology.Direct)]
    [InlineData(Topology.Tunnel)]
    public void A_session_that_is_used_within_the_idle_timeout_stays_open_beyond_it(Topology topology)
    {
        Needs.Lab("ssh", "sshd", "ssh-keygen");
        using DirectorLab lab = new(topology);
        string[] ssh = Start(lab);
        lab.Balance(new() { Name = "ssh", Port = Port }, more: $"timeouts {{ tcp = {_idleTimeout.TotalSeconds}s, tcp-fin = 3s }}");
        using HostProcess session = lab.Client.Start([.. ssh, "cat"]);

        // Half the timeout between two lines, for twice the timeout and more.
        long start = Stopwatch.GetTimestamp();
        for (int line = 0; Stopwatch.GetElapsedTime(start) < _idleTimeout * 2.5; line++)
        {
            string word = $"line {line}";
            session.WriteLine(word);
            session.WaitUntil(() => session.Output.Contains(word, StringComparison.Ordinal), TimeSpan.FromSeconds(5), $"'{word}' comes back");
            Assert.Equal(1, lab.Table().Values.Sum(row => row.Active));
            Thread.Sleep(_idleTimeout / 2);
        }

        Assert.False(session.HasEnded);
    }

    [SkippableTheory]
    [InlineData(Topology.Nat)]
    [InlineData(Topology.Direct)]
    [InlineData(Topology.Tunnel)]
    public void An_upload_arrives_intact(Topology topology)
    {
        Needs.Lab("ssh", "sshd", "ssh-keygen");
        using DirectorLab lab = new(topology);
        string[] ssh = Start(lab);
        lab.Balance(new() { Name = "ssh", Port = Port });
        byte[] content = RandomNumberGenerator.GetBytes(64 << 20);
        string file = lab.Client.File("upload");
        File.WriteAllBytes(file, content);

        string digest = lab.Client.Run("sh", "-c", $"{string.Join(' ', ssh)} sha256sum < {file}").Split(' ')[0];

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), digest);
    }

    /// <summary>Starts sshd on every real server, all with one key as behind a load balancer, and returns the client's command.</summary>
    private static string[] Start(DirectorLab lab)
    {
        Directory.CreateDirectory("/run/sshd");
        string key = lab.Client.File("key");
        Command.Run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key]);
        foreach (LabHost server in lab.Net.RealServers)
        {
            // Not root's own home: what its shell runs at every login takes seconds on some machines.
            string configuration = server.Write("sshd_config", $"""
                Port {Port}
                HostKey {key}
                AuthorizedKeysFile {key}.pub
                PidFile none
                PermitRootLogin yes
                StrictModes no
                UsePAM no
                UseDNS no
                SetEnv HOME={server.File("home")}

                """);
            server.Start("/usr/sbin/sshd", "-D", "-e", "-f", configuration)
                .WaitUntil(() => Listeners.Has(server, Port), TimeSpan.FromSeconds(40), "it listens");
        }

        return
        [
            "ssh", "-T", "-p", $"{Port}", "-i", key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR",
            $"root@{lab.Net.Vip(AddressPlan.IPv4)}",
        ];
    }
}
