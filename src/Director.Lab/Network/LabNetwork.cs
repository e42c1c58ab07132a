using Director.Lab.Processes;

namespace Director.Lab.Network;

/// <summary>Hosts, and the LANs that join them, made of network namespaces, bridges and veth pairs. Disposing leaves nothing behind.</summary>
/// <remarks>
/// Namespaces are named after the process that made them, so that several labs can run at once and the next one removes what a killed one left.
/// Every interface is born inside its namespace: nothing of the machine's own network is touched.
/// </remarks>
public sealed class LabNetwork : IDisposable
{
    private static int _count;
    private readonly List<LabHost> _hosts = [];
    private readonly List<HostProcess> _processes = [];
    
    /// <summary>Makes an empty network, after removing those of processes that are no more.</summary>
    /// <exception cref="LabException">Namespaces cannot be made here.</exception>
    public LabNetwork()
    {
        Leftovers.Remove();
        Prefix = $"{Leftovers.Prefix}{Environment.ProcessId}-{Interlocked.Increment(ref _count)}-";
        Folder = Directory.CreateDirectory(Path.Combine(Path.GetTempPath(), Prefix.TrimEnd('-'))).FullName;
        Switch = AddHost("switch");
    }

    /// <summary>What the names of its namespaces begin with.</summary>
    public string Prefix { get; }

    /// <summary>The host with the bridges that are the LANs, by their names; what is on the wire is seen there.</summary>
    public LabHost Switch { get; }

    /// <summary>A folder for the files of its hosts, removed with it.</summary>
    public string Folder { get; }

    /// <summary>Adds a host without interfaces.</summary>
    public LabHost AddHost(string name)
    {
        LabHost host = new(this, name);
        Command.Run(["ip", "netns", "add", host.Namespace]);
        _hosts.Add(host);

        // Duplicate address detection would keep an IPv6 address from being used for a second, and answer nothing here.
        host.Set("ipv6.conf.all.accept_dad=0", "ipv6.conf.default.accept_dad=0", "ipv4.conf.all.rp_filter=0", "ipv4.conf.default.rp_filter=0");
        host.Ip("link set lo up");
        return host;
    }

    /// <summary>Adds a LAN: a bridge. Its name is at most 15 characters long.</summary>
    public void AddLan(string lan)
    {
        // No querier is here, so snooping could only hold back what a switch would flood.
        Switch.Ip($"link add {lan} type bridge mcast_snooping 0", $"link set {lan} up");
    }

    /// <summary>Puts a host on a LAN.</summary>
    /// <param name="host">The host.</param>
    /// <param name="nic">The name of its new interface.</param>
    /// <param name="lan">The LAN.</param>
    /// <param name="addresses">Its addresses there, with prefix length.</param>
    public void Connect(LabHost host, string nic, string lan, params IEnumerable<string> addresses)
    {
        string port = $"{host.Name}-{nic}";
        Switch.Ip(
            $"link add {port} type veth peer name {nic} netns {host.Namespace}",
            $"link set {port} master {lan}",
            $"link set {port} up");
        host.Ip([.. addresses.Select(address => $"address add {address} dev {nic}"), $"link set {nic} up"]);
    }

    /// <summary>Takes a host's cable out (or puts it in again).</summary>
    public void SetCable(LabHost host, string nic, bool isPlugged) => SetCables(host, [nic], isPlugged);

    /// <summary>Takes several cables of a host out at once (or puts them in again).</summary>
    public void SetCables(LabHost host, IEnumerable<string> nics, bool isPlugged) =>
        Switch.Ip(nics.Select(nic => $"link set {host.Name}-{nic} {(isPlugged ? "up" : "down")}"));

    /// <inheritdoc/>
    public void Dispose()
    {
        // Killed, not asked to end: whatever they would tidy up goes with their namespaces, and to wait for each to say goodbye takes longer than many a test.
        foreach (LabHost host in _hosts)
        {
            Leftovers.RemoveNamespace(host.Namespace);
        }

        // Those that had not reached their namespace yet, and the last of everyone's output.
        foreach (HostProcess process in _processes)
        {
            process.Dispose();
        }

        Directory.Delete(Folder, recursive: true);
    }

    internal HostProcess Keep(HostProcess process)
    {
        _processes.Add(process);
        return process;
    }
}
