using System.Collections.Immutable;
using System.Text;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>The <c>cluster { }</c> section.</summary>
internal static class ClusterReader
{
    private const int ShortestKey = 16;
    private const int LongestKey = 4096;

    public static ClusterConfiguration Read(SectionReader section, Findings findings)
    {
        var defaults = new ClusterConfiguration();
        var result = new ClusterConfiguration
        {
            Name = section.Text("name", defaults.Name, "1 to 63 letters, digits and hyphens are right", WrongName),
            Hostname = section.Text(
                "hostname", defaults.Hostname, "a name or an address is right", h => Addresses.Address(h) is null ? DirectorReader.WrongName(h) : null),
            Port = (int)section.Number("port", defaults.Port, 1, 65535),
            Seeds = Hosts(section, "seeds", findings, "10.0.0.1:2551"),
            SeedWait = section.Duration("seed-wait", defaults.SeedWait, TimeSpan.Zero, TimeSpan.FromMinutes(10), TimeSpan.FromMilliseconds(1)),
            Key = Key(section, findings),
            Certificate = section.Text("certificate", defaults.Certificate, SecretReader.RightFile, SecretReader.WrongFile),
            PrivateKey = section.Text("private-key", defaults.PrivateKey, SecretReader.RightFile, SecretReader.WrongFile),
            Authority = section.Text("authority", defaults.Authority, SecretReader.RightFile, SecretReader.WrongFile),
            Insecure = section.Flag("insecure", defaults.Insecure),
        };
        if (result.Certificate.Length > 0 != result.Authority.Length > 0)
        {
            var (there, missing) = result.Certificate.Length > 0 ? ("certificate", "authority") : ("authority", "certificate");
            findings.Error(section.Section.Fields[there], $"stands without {missing}; name both, as 'director certificate' makes them");
        }

        section.RefuseUnknown();
        return result;
    }

    /// <summary>Hosts with their ports.</summary>
    internal static ImmutableArray<string> Hosts(SectionReader section, string key, Findings findings, string example)
    {
        var seeds = ImmutableArray.CreateBuilder<string>();
        foreach (var node in section.List(key, NodeKind.Text, "HOST:PORT in [ ] is right"))
        {
            var text = node.Text;
            var colon = text.LastIndexOf(':');
            var isRight = Addresses.Endpoint(text, out _, out var port) is null ? port is > 0
                : colon > 0 && DirectorReader.WrongName(text[..colon]) is null && Addresses.Port(text[(colon + 1)..]) is > 0;
            if (isRight)
            {
                seeds.Add(text);
            }
            else
            {
                findings.Error(node, $"is no host with a port; HOST:PORT is right, such as {example}");
            }
        }

        return seeds.ToImmutable();
    }

    /// <summary>A secret of the cluster or of agents, in <c>key</c> or <c>key-file</c>; no message shows it.</summary>
    internal static ImmutableArray<byte> Key(SectionReader section, Findings findings) =>
        [.. Encoding.UTF8.GetBytes(SecretReader.Read(section, findings, "key", "key-file", WrongKey))];

    private static string? WrongKey(string key)
    {
        var length = Encoding.UTF8.GetByteCount(key);
        return length is >= ShortestKey and <= LongestKey ? null : $"has {length} bytes; a text of {ShortestKey} to {LongestKey} bytes is right";
    }

    private static string? WrongName(string name) =>
        name.Length is >= 1 and <= 63 && name.All(c => char.IsAsciiLetterOrDigit(c) || c == '-') ? null : "is no name of a cluster";
}
