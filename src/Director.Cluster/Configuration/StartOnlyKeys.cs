using System.Collections.Immutable;
using Director.Configuration;

namespace Director.Cluster.Configuration;

/// <summary>The keys that are read once, when a director starts.</summary>
internal static class StartOnlyKeys
{
    /// <summary>Those that differ: the new values wait for the next start.</summary>
    public static ImmutableArray<string> Changed(ConfigurationResult before, ConfigurationResult after)
    {
        var (old, now) = (before.Configuration!, after.Configuration!);
        (string Key, bool Same)[] keys =
        [
            ("name", old.Name == now.Name),
            ("interfaces", old.Interfaces.SequenceEqual(now.Interfaces)),
            ("socket", old.Socket == now.Socket),
            ("http", Equals(old.Http, now.Http)),
            ("engine", old.Engine == now.Engine),
            ("health.page-port", old.Health.PagePort == now.Health.PagePort),
            ("health.page-file", old.Health.PageFile == now.Health.PageFile),
            ("fallback = local, which no service had,", old.VirtualServices.Any(service => service.FallbackIsPage) || !now.VirtualServices.Any(service => service.FallbackIsPage)),
            ("cluster", Written(new() { Cluster = old.Cluster }) == Written(new() { Cluster = now.Cluster })),
            ("availability.mode", old.Availability.Mode == now.Availability.Mode),
            ("availability.heartbeat.port", Heartbeat(old).Port == Heartbeat(now).Port),
            ("availability.heartbeat.ethernet", Heartbeat(old).Ethernet == Heartbeat(now).Ethernet),
            ("availability.heartbeat.links", Written(Links(old)) == Written(Links(now))),
            ("synchronisation", old.Synchronisation with { Ipvs = new() } == now.Synchronisation with { Ipvs = new() }),
            ("partition", Written(Partitions(old)) == Written(Partitions(now))),
            ("feedback", Written(new() { Feedback = old.Feedback }) == Written(new() { Feedback = now.Feedback })),
            ("akka", before.AkkaSection == after.AkkaSection),
        ];
        return [.. keys.Where(key => !key.Same).Select(key => key.Key)];
    }

    private static HeartbeatConfiguration Heartbeat(DirectorConfiguration of) => of.Availability.Heartbeat;

    private static DirectorConfiguration Links(DirectorConfiguration of) => new() { Availability = new() { Heartbeat = new() { Links = of.Availability.Heartbeat.Links } } };

    // Also which groups there are, where they are shared.
    private static DirectorConfiguration Partitions(DirectorConfiguration of) => of.Availability.Mode != AvailabilityMode.ActiveActive ? new() : new()
    {
        Partition = of.Partition,
        Availability = new() { Groups = [.. of.Availability.Groups.Select(group => new GroupConfiguration { Name = group.Name, Partition = group.Partition })] },
    };

    // Records with lists in them are equal only to themselves; what is written of them is not.
    private static string Written(DirectorConfiguration section) => ConfigurationWriter.Write(section);
}
