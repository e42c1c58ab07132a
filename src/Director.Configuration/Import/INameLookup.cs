using System.Net;

namespace Director.Configuration.Import;

/// <summary>Names in the files of the old tools, which take them for addresses and ports; a director's configuration has the numbers.</summary>
public interface INameLookup
{
    /// <summary>An address of a host; null if it has none of the family.</summary>
    IPAddress? AddressOf(string host, bool isIPv6);

    /// <summary>The port of a service such as <c>http</c>; null if there is none of that name.</summary>
    ushort? PortOf(string service, bool isUdp);
}
