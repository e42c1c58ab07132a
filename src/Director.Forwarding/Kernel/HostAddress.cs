using System.Net;
using System.Net.NetworkInformation;

namespace Director.Forwarding.Kernel;

/// <summary>An address of this host.</summary>
/// <param name="Interface">The interface that has it.</param>
/// <param name="IsLoopback">Whether that is the loopback interface.</param>
/// <param name="Address">The address.</param>
/// <param name="PrefixLength">Bits of its network.</param>
public readonly record struct HostAddress(string Interface, bool IsLoopback, IPAddress Address, int PrefixLength)
{
    /// <summary>All addresses of this host, in the network namespace of the calling thread.</summary>
    public static IReadOnlyCollection<HostAddress> ReadAll() =>
    [
        .. from nic in NetworkInterface.GetAllNetworkInterfaces()
           from address in nic.GetIPProperties().UnicastAddresses
           select new HostAddress(nic.Name, nic.NetworkInterfaceType == NetworkInterfaceType.Loopback, address.Address, address.PrefixLength),
    ];
}
