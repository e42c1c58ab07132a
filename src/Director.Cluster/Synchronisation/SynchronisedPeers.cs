using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using Director.Cluster.Availability;
using Director.Configuration;
using Director.Forwarding;

namespace Director.Cluster.Synchronisation;

/// <summary>Whom a director tells its connections, and how it is set up for that: by its configuration and by who is heard.</summary>
internal static class SynchronisedPeers
{
    /// <summary>How the engine copies connections; null when it does not.</summary>
    public static SynchronisationOptions? Options(DirectorConfiguration configuration)
    {
        var synchronisation = configuration.Synchronisation;
        return configuration.Cluster.Key.IsEmpty || synchronisation.Mode == SynchronisationMode.Off ? null : new SynchronisationOptions
        {
            Name = configuration.Name.Length > 0 ? configuration.Name : Environment.MachineName,
            Cluster = configuration.Cluster.Name,
            Key = configuration.Cluster.Key,
            EndPoint = new IPEndPoint(synchronisation.Address ?? AddressOf(configuration.Cluster.Hostname), synchronisation.Port),
            Mode = synchronisation.Mode switch
            {
                SynchronisationMode.Ipvs => SynchronisedConnections.Ipvs,
                SynchronisationMode.Templates => SynchronisedConnections.Templates,
                _ => SynchronisedConnections.Full,
            },
            BufferBytes = synchronisation.BufferBytes,
            Adoption = synchronisation.Adoption,
        };
    }

    /// <summary>The directors that are heard and take connections. One that does not say at which address is reached where its heartbeats come from.</summary>
    public static ImmutableArray<SynchronisationPeer> Of(HeardDirectors heard) =>
    [
        .. heard.Others.Select(other => (other, EndPoint: EndPointOf(other))).Where(pair => pair.EndPoint is not null)
            .Select(pair => new SynchronisationPeer(pair.other.Name, pair.other.Boot, pair.EndPoint!)),
    ];

    private static IPEndPoint? EndPointOf(HeardDirector other) => other.Synchronisation switch
    {
        null => null,
        { } named when !named.Address.Equals(IPAddress.Any) && !named.Address.Equals(IPAddress.IPv6Any) => named,
        { } named => other.Address is { } from ? new IPEndPoint(from, named.Port) : null,
    };

    // A name that leads to loopback, as a host's own name often does, is no address for others: then every own address is taken.
    private static IPAddress AddressOf(string hostname)
    {
        if (IPAddress.TryParse(hostname, out var address))
        {
            return address;
        }

        try
        {
            return Dns.GetHostAddresses(hostname.Length > 0 ? hostname : Environment.MachineName).FirstOrDefault(found => !IPAddress.IsLoopback(found) && !found.IsIPv6LinkLocal) ?? IPAddress.Any;
        }
        catch (SocketException)
        {
            return IPAddress.Any;
        }
    }
}
