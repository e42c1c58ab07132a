using System.Net;
using System.Net.Sockets;

namespace Director.Ipvsadm;

/// <summary>Addresses and ports as lists show them: <c>192.168.0.1:80</c>, <c>[fd00::1]:80</c>, or by their names.</summary>
/// <param name="names">Null shows numbers.</param>
internal sealed class EndpointText(INames? names)
{
    // ipvsadm formats into 60 bytes.
    private const int MaximumLength = 59;

    /// <summary>An address and a port.</summary>
    /// <param name="address">The address.</param>
    /// <param name="port">The port.</param>
    /// <param name="protocol">IP protocol number; 0, as mark services have it, leaves ports without names.</param>
    public string Format(IPAddress address, int port, byte protocol)
    {
        string host = names?.HostAt(address) ?? address.ToString();
        string service = names?.ServiceAt((ushort)port, protocol) ?? port.ToString(System.Globalization.CultureInfo.InvariantCulture);
        string text = address.AddressFamily == AddressFamily.InterNetwork ? $"{host}:{service}" : $"[{host}]:{service}";
        return Cut(text, MaximumLength);
    }

    /// <summary>At most so many characters.</summary>
    public static string Cut(string text, int length) => text.Length <= length ? text : text[..length];
}
