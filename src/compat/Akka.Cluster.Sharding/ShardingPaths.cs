using Akka.Actor;

namespace Akka.Cluster.Sharding;

/// <summary>Where the actors of a type are: the same on every node.</summary>
internal static class ShardingPaths
{
    public const string Guardian = "sharding";

    public static string RegionOf(string typeName) => Uri.EscapeDataString(typeName);

    public static string ProxyOf(string typeName) => RegionOf(typeName) + "Proxy";

    public static string CoordinatorOf(string typeName) => RegionOf(typeName) + "Coordinator";

    public static ActorSelection At(IActorRefFactory context, Address node, string name) => context.ActorSelection(new RootActorPath(node) / "system" / Guardian / name);
}
