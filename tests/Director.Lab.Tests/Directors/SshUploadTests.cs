using System.Security.Cryptography;
using Director.Lab.Topologies;

namespace Director.Lab.Tests.Directors;

/// <summary>Uploads by ssh.</summary>
[Collection(LabCollection.Name)]
public class SshUploadTests
{
    [SkippableTheory]
    [InlineData(Topology.Nat)]
    [InlineData(Topology.Direct)]
    [InlineData(Topology.Tunnel)]
    public void An_upload_arrives_intact(Topology topology)
    {
        Needs.Lab("ssh", "sshd", "ssh-keygen");
        using DirectorLab lab = new(topology);
        string[] ssh = SshTests.Start(lab);
        lab.Balance(new() { Name = "ssh", Port = SshTests.Port });
        byte[] content = RandomNumberGenerator.GetBytes(64 << 20);
        string file = lab.Client.File("upload");
        File.WriteAllBytes(file, content);

        string digest = lab.Client.Run("sh", "-c", $"{string.Join(' ', ssh)} sha256sum < {file}").Split(' ')[0];

        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(content)), digest);
    }
}
