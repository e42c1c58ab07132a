using System.Net;

namespace Director.Ipvsadm;

/// <summary>Names of hosts and services. Null answers: there is no such name.</summary>
internal interface INames
{
    /// <summary>The first IPv4 address of a host.</summary>
    IPAddress? AddressOf(string host);

    /// <summary>The host at an address.</summary>
    string? HostAt(IPAddress address);

    /// <summary>The port of a service (<c>http</c>).</summary>
    /// <param name="service">Its name.</param>
    /// <param name="protocol">IP protocol number.</param>
    ushort? PortOf(string service, byte protocol);

    /// <summary>The service at a port.</summary>
    /// <param name="port">The port.</param>
    /// <param name="protocol">IP protocol number.</param>
    string? ServiceAt(ushort port, byte protocol);
}
