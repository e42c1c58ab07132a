using System.Globalization;
using System.Net;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>The <c>synchronisation.ipvs { }</c> section.</summary>
internal static class IpvsSynchronisationReader
{
    private const int LargestId = 255;
    private const int LargestPeriod = 1_000_000;
    private const int LargestDatagram = 65_507;

    public static IpvsSynchronisationConfiguration Read(SectionReader section, Findings findings)
    {
        var defaults = new IpvsSynchronisationConfiguration();
        var (threshold, period) = Threshold(section, findings, defaults);
        var result = new IpvsSynchronisationConfiguration
        {
            Master = section.Flag("master", defaults.Master),
            Backup = section.Flag("backup", defaults.Backup),
            Interface = section.Text("interface", defaults.Interface, DirectorReader.RightInterface, name => name.Length == 0 ? null : DirectorReader.WrongInterface(name)),
            SyncId = (int)section.Number("sync-id", defaults.SyncId, 0, LargestId),
            BackupSyncId = BackupSyncId(section, findings),
            Group = Group(section, findings, defaults.Group),
            Port = (int)section.Number("port", defaults.Port, 1, 65535),
            Ttl = (int)section.Number("ttl", defaults.Ttl, 1, 255),
            MaximumLength = (int)section.Number("max-length", defaults.MaximumLength, 0, LargestDatagram),
            Version = (int)section.Number("version", defaults.Version, 0, 1),
            Threshold = threshold,
            Period = period,
            RefreshPeriod = section.Duration("refresh-period", defaults.RefreshPeriod, TimeSpan.Zero, TimeSpan.FromDays(31), TimeSpan.FromSeconds(1)),
            Retries = (int)section.Number("retries", defaults.Retries, 0, 3),
            PersistMode = section.Flag("persist-mode", defaults.PersistMode),
        };
        section.RefuseUnknown();
        if (result is { Interface: "", Master: true } or { Interface: "", Backup: true })
        {
            findings.Missing(section.Section, "interface", "the NIC that the kernel's synchronisation runs on is right");
        }

        return result;
    }

    private static int? BackupSyncId(SectionReader section, Findings findings)
    {
        const string Right = "a whole number from 0 to 255 is right, \"\" is sync-id";
        if (section.FindText("backup-sync-id", Right) is not { Text.Length: > 0 } node)
        {
            return null;
        }

        if (int.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) && id <= LargestId)
        {
            return id;
        }

        findings.Error(node, $"is no synchronisation id; {Right}");
        return null;
    }

    private static IPAddress Group(SectionReader section, Findings findings, IPAddress otherwise)
    {
        const string Right = "a multicast address such as 224.0.0.81 or ff02::81 is right";
        if (section.FindText("group", Right) is not { } node)
        {
            return otherwise;
        }

        if (Addresses.Address(node.Text) is { } address && AvailabilityReader.IsMulticast(address))
        {
            return address;
        }

        findings.Error(node, $"is no multicast address; {Right}");
        return otherwise;
    }

    private static (int Threshold, int Period) Threshold(SectionReader section, Findings findings, IpvsSynchronisationConfiguration defaults)
    {
        const string Right = "[PACKET, PERIOD] is right, such as [3, 50], with PACKET below PERIOD, or PERIOD 0 for once";
        var otherwise = (defaults.Threshold, defaults.Period);
        if (section.Find("threshold") is not { } node)
        {
            return otherwise;
        }

        if (node.Kind == NodeKind.List && node.Items is [{ Kind: NodeKind.Text } first, { Kind: NodeKind.Text } second]
            && TryNumber(first, out var threshold) && TryNumber(second, out var period) && (threshold < period || period == 0))
        {
            return (threshold, period);
        }

        findings.Error(node, $"is no threshold; {Right}");
        return otherwise;
    }

    private static bool TryNumber(ConfigNode node, out int number) => int.TryParse(node.Text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number <= LargestPeriod;
}
