using System.Net;
using Director.Ipvsadm;

namespace Director.Tests.Ipvsadm;

/// <summary>A system whose only names are these: host <c>www</c> at 192.0.2.80, service <c>http</c> at TCP port 80, <c>domain</c> at TCP and UDP port 53.</summary>
internal sealed class FewNames : INames
{
    private static readonly IPAddress Www = IPAddress.Parse("192.0.2.80");

    public IPAddress? AddressOf(string host) => host == "www" ? Www : null;

    public string? HostAt(IPAddress address) => address.Equals(Www) ? "www" : null;

    public ushort? PortOf(string service, byte protocol) => (service, protocol) switch
    {
        ("http", 6) => 80,
        ("domain", 6 or 17) => 53,
        _ => null,
    };

    public string? ServiceAt(ushort port, byte protocol) => (port, protocol) switch
    {
        (80, 6) => "http",
        (53, 6 or 17) => "domain",
        _ => null,
    };
}
