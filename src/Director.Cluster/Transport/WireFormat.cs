using System.Net.Security;
using System.Reflection;
using System.Text;

namespace Director.Cluster.Transport;

/// <summary>
/// Name and version of what directors speak over TCP, with the build of Akka under it: the messages of the real package and of this repository's own implementation are not the same.
/// It is the ALPN name (RFC 7301) in TLS, and the first line of both sides without TLS.
/// </summary>
internal static class WireFormat
{
    /// <summary><c>director/1 nuget</c> or <c>director/1 compat</c>.</summary>
    public static string Name { get; } =
        $"director/1 {typeof(WireFormat).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().First(static metadata => metadata.Key == "Packages").Value}";

    /// <summary>As the ALPN name.</summary>
    public static SslApplicationProtocol Protocol { get; } = new(Name);

    /// <summary>As the first line.</summary>
    public static byte[] Line { get; } = Encoding.ASCII.GetBytes(Name + "\n");
}
