using Director.Lab.Processes;

namespace Director.Lab.Network;

/// <summary>A host of the lab: a network namespace with its own interfaces, addresses, routes and sysctls.</summary>
public sealed class LabHost
{
    private readonly LabNetwork _network;

    internal LabHost(LabNetwork network, string name)
    {
        _network = network;
        Name = name;
        Namespace = $"{network.Prefix}{name}";
    }

    /// <summary>Its name in the lab: <c>client</c>, <c>director</c>, <c>rs1</c>.</summary>
    public string Name { get; }

    /// <summary>The name of its network namespace.</summary>
    public string Namespace { get; }

    /// <summary>Runs a command on it that must succeed, and returns what it wrote.</summary>
    /// <exception cref="LabException">It failed.</exception>
    public string Run(params IEnumerable<string> command) => Command.Run(Inside(command));

    /// <summary>Runs a command on it to its end.</summary>
    public CommandResult Try(params IEnumerable<string> command) => Command.Try(Inside(command));

    /// <summary>Starts a process on it that is stopped with the lab at the latest.</summary>
    /// <remarks>In a session of its own, so that a Ctrl-C at the terminal reaches only the lab, which then stops it in order.</remarks>
    public HostProcess Start(params IEnumerable<string> command) =>
        _network.Keep(new HostProcess($"{Path.GetFileName(command.First())} on {Name}", Inside(["setsid", .. command])));

    /// <summary>Runs lines of <c>ip</c>: <c>address add 10.0.0.1/24 dev eth0</c>.</summary>
    public void Ip(params IEnumerable<string> lines) => Command.Run(["ip", "-n", Namespace, "-batch", "-"], string.Join('\n', lines));

    /// <summary>Sets sysctls below <c>net.</c>: <c>ipv4.ip_forward=1</c>.</summary>
    public void Set(params IEnumerable<string> sysctls) => Inside(() =>
    {
        foreach (string[] setting in sysctls.Select(setting => setting.Split('=', 2)))
        {
            System.IO.File.WriteAllText($"/proc/sys/net/{setting[0].Replace('.', '/')}", setting[1]);
        }
    });

    /// <summary>Runs code on it, on a thread of its own: sockets that it opens are this host's. Returns when it has ended, and throws what it threw.</summary>
    public void Inside(Action code) => NamespaceThread.Run(Namespace, code);

    /// <summary>The path of a file of this host's own in the lab's folder.</summary>
    public string File(string name) => Path.Combine(_network.Folder, $"{Name}-{name}");

    /// <summary>Writes a file of this host's own and returns its path.</summary>
    public string Write(string name, string content)
    {
        string path = File(name);
        System.IO.File.WriteAllText(path, content);
        return path;
    }

    private IEnumerable<string> Inside(IEnumerable<string> command) => ["ip", "netns", "exec", Namespace, .. command];
}
