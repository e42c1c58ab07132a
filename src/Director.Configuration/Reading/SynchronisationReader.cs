using System.Net;

namespace Director.Configuration.Reading;

/// <summary>The <c>synchronisation { }</c> section.</summary>
internal static class SynchronisationReader
{
    public static SynchronisationConfiguration Read(SectionReader section, Findings findings)
    {
        var defaults = new SynchronisationConfiguration();
        var result = new SynchronisationConfiguration
        {
            Mode = section.Choice(
                "mode",
                defaults.Mode,
                ("full", SynchronisationMode.Full),
                ("ipvs", SynchronisationMode.Ipvs),
                ("templates", SynchronisationMode.Templates),
                ("off", SynchronisationMode.Off)),
            Port = (int)section.Number("port", defaults.Port, 1, 65535),
            Address = Address(section, findings),
            BufferBytes = section.Bytes("buffer", defaults.BufferBytes, 1 << 20, 1 << 30),
            Ipvs = IpvsSynchronisationReader.Read(section.ChildOrEmpty("ipvs"), findings),
            Adoption = section.Duration("adoption", defaults.Adoption, TimeSpan.Zero, TimeSpan.FromHours(1), TimeSpan.FromMilliseconds(1)),
        };
        section.RefuseUnknown();
        return result;
    }

    private static IPAddress? Address(SectionReader section, Findings findings)
    {
        const string Right = $"{Addresses.Right}, \"\" is that of cluster.hostname";
        if (section.FindText("address", Right) is not { Text.Length: > 0 } node)
        {
            return null;
        }

        if (Addresses.Address(node.Text) is { } address && Addresses.IsUnicast(address))
        {
            return address;
        }

        findings.Error(node, $"is no address of a host; {Right}");
        return null;
    }
}
