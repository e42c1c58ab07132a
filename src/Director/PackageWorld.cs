using System.Reflection;

namespace Director;

/// <summary>Which build of the packages this program stands on.</summary>
internal static class PackageWorld
{
    /// <summary><c>nuget</c>: the real Akka, SharpPcap, PacketDotNet and Hocon. <c>compat</c>: this repository's own implementations of them.</summary>
    public static string Name { get; } = typeof(PackageWorld).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().First(static metadata => metadata.Key == "Packages").Value!;

    /// <summary>Version and packages, as <c>director --version</c> and the first log line say them.</summary>
    public static string Version { get; } =
        $"director {typeof(PackageWorld).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion} (packages: {Name})";
}
