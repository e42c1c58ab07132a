using System.Globalization;
using System.Net;
using System.Text;
using Director.Forwarding;

namespace Director.Ipvsadm;

/// <summary>The table as <c>ipvsadm -S</c> prints it and <c>ipvsadm -R</c> reads it. Thresholds are written too, which ipvsadm forgets.</summary>
internal static class RuleWriter
{
    /// <summary>One line for each service and one for each of its real servers.</summary>
    public static string Write(IEnumerable<VirtualServiceReport> services, ListFormat format, INames names)
    {
        EndpointText endpoints = new(format.HasFlag(ListFormat.Numeric) ? null : names);
        StringBuilder text = new();
        foreach (VirtualServiceReport report in TableOrder.Sort(services))
        {
            VirtualServiceSpec service = report.Spec;
            string key = Key(service.Key, endpoints);
            text.Append(CultureInfo.InvariantCulture, $"-A {key} -s {service.Scheduler}");
            if (service.Persistence is { } persistence)
            {
                text.Append(CultureInfo.InvariantCulture, $" -p {persistence.TimeoutSeconds}");
                if (Netmask.Of(service.Key, persistence) is { } mask)
                    text.Append(CultureInfo.InvariantCulture, $" -M {mask}");
            }

            if (service.OnePacket)
                text.Append(" -o");
            if (service.SchedulerFlags != SchedulerFlags.None)
                text.Append(CultureInfo.InvariantCulture, $" -b {SchedulerFlagNames.ForRule(service.Scheduler, service.SchedulerFlags)}");
            text.Append('\n');
            foreach (RealServerReport server in TableOrder.Sort(report.RealServers))
                WriteServer(text, key, service.Key, server.Spec, endpoints);
        }

        return text.ToString();
    }

    private static string Key(ServiceKey key, EndpointText endpoints) => key.Address is { } address
        ? $"{(key.Protocol == Protocol.Tcp ? "-t" : "-u")} {endpoints.Format(address, key.Port, (byte)key.Protocol)}"
        : $"-f {key.Mark}{(key.IsIPv6 ? " -6" : "")}";

    private static void WriteServer(StringBuilder text, string service, ServiceKey key, RealServerSpec server, EndpointText endpoints)
    {
        string endpoint = endpoints.Format(server.Address, server.Port, (byte)key.Protocol);
        text.Append(CultureInfo.InvariantCulture, $"-a {service} -r {endpoint} {MethodOption(server.Method)} -w {server.Weight}");
        if (server.Method == ForwardingMethod.Tunnel)
        {
            TunnelOptions tunnel = server.Tunnel;
            text.Append(CultureInfo.InvariantCulture, $" --tun-type {tunnel.Type.ToString().ToLowerInvariant()}");
            if (tunnel.Type == TunnelType.Gue)
                text.Append(CultureInfo.InvariantCulture, $" --tun-port {tunnel.Port}");
            if (tunnel.Type != TunnelType.IpIp)
                text.Append(' ').Append(ChecksumOption(tunnel.Checksum));
        }

        if (server.UpperThreshold != 0)
            text.Append(CultureInfo.InvariantCulture, $" -x {server.UpperThreshold}");
        if (server.LowerThreshold != 0)
            text.Append(CultureInfo.InvariantCulture, $" -y {server.LowerThreshold}");
        text.Append('\n');
    }

    private static string MethodOption(ForwardingMethod method) => method switch
    {
        ForwardingMethod.Nat => "-m",
        ForwardingMethod.Tunnel => "-i",
        _ => "-g",
    };

    private static string ChecksumOption(TunnelChecksum checksum) => checksum switch
    {
        TunnelChecksum.None => "--tun-nocsum",
        TunnelChecksum.Full => "--tun-csum",
        _ => "--tun-remcsum",
    };
}
