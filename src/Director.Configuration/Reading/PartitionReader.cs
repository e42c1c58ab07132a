using System.Net.NetworkInformation;

namespace Director.Configuration.Reading;

/// <summary>A <c>partition { }</c> section.</summary>
internal static class PartitionReader
{
    private static readonly PhysicalAddress s_nobody = new(new byte[6]);
    private static readonly PhysicalAddress s_everybody = new([0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);

    public static PartitionConfiguration Read(SectionReader section, Findings findings)
    {
        var defaults = new PartitionConfiguration();
        var result = new PartitionConfiguration
        {
            Sense = section.Choice(
                "sense", defaults.Sense, ("source", PartitionSense.Source), ("source-address", PartitionSense.SourceAddress), ("source-port", PartitionSense.SourcePort)),
            Weight = (int)section.Number("weight", defaults.Weight, 0, 1000),
            SharedMac = Mac(section, findings),
            JoinWait = section.Duration("join-wait", defaults.JoinWait, TimeSpan.Zero, TimeSpan.FromMinutes(10), TimeSpan.FromMilliseconds(1)),
        };
        section.RefuseUnknown();
        return result;
    }

    private static PhysicalAddress? Mac(SectionReader section, Findings findings)
    {
        const string Right = "a locally administered or multicast MAC such as 02:00:5e:00:53:01 is right, \"\" derives one from the cluster's name";
        if (section.FindText("shared-mac", Right) is not { Text.Length: > 0 } node)
        {
            return null;
        }

        if (node.Text.Length == 17 && PhysicalAddress.TryParse(node.Text, out var mac)
            && !mac.Equals(s_nobody) && !mac.Equals(s_everybody) && (mac.GetAddressBytes()[0] & 3) != 0)
        {
            return mac;
        }

        findings.Error(node, $"is no MAC to share; {Right}");
        return null;
    }
}
