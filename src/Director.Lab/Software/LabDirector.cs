using System.Net.Sockets;
using Director.Lab.Network;
using Director.Lab.Processes;

namespace Director.Lab.Software;

/// <summary>A running director.</summary>
public sealed class LabDirector : IDisposable
{
    private readonly LabHost _host;

    private LabDirector(LabHost host, string configuration)
    {
        _host = host;
        Configuration = host.Write("director.conf", configuration);
        Process = host.Start(DirectorProgram.With("run", "--config", Configuration, "--socket", Socket));
    }

    /// <summary>Its process.</summary>
    public HostProcess Process { get; }

    /// <summary>The path of its configuration.</summary>
    public string Configuration { get; }

    /// <summary>The path of its socket for local commands.</summary>
    public string Socket => _host.File("director.sock");

    /// <summary>Starts a director on a host and waits until it takes commands.</summary>
    /// <param name="host">Where it runs.</param>
    /// <param name="configuration">Its configuration in HOCON.</param>
    /// <exception cref="LabException">It ended, or was not ready within a minute.</exception>
    public static LabDirector Start(LabHost host, string configuration)
    {
        LabDirector director = Begin(host, configuration);
        director.WaitUntilReady();
        return director;
    }

    /// <summary>Starts a director on a host, and leaves it to <see cref="WaitUntilReady"/> to wait for it.</summary>
    public static LabDirector Begin(LabHost host, string configuration) => new(host, configuration);

    /// <summary>Waits until it takes commands.</summary>
    /// <exception cref="LabException">It ended, or was not ready within a minute.</exception>
    public void WaitUntilReady() => Process.WaitUntil(IsListening, TimeSpan.FromSeconds(60), "it takes commands");

    /// <summary>Starts another director on the host of one that has ended, with the same configuration, and waits until it takes commands.</summary>
    public LabDirector StartAgain() => Start(_host, File.ReadAllText(Configuration));

    /// <summary>Runs <c>director status</c> for it.</summary>
    public CommandResult TryStatus(params IEnumerable<string> arguments) =>
        _host.Try([.. DirectorProgram.With(["status", "--socket", Socket, .. arguments])]);

    /// <summary>Runs <c>director ipvsadm</c> for it.</summary>
    public CommandResult TryIpvsadm(params IEnumerable<string> arguments) =>
        _host.Try(["env", $"{DirectorProgram.SocketVariable}={Socket}", .. DirectorProgram.With(["ipvsadm", .. arguments])]);

    /// <summary>Runs <c>director ipvsadm</c> for it, which must succeed, and returns what it wrote.</summary>
    public string Ipvsadm(params IEnumerable<string> arguments)
    {
        CommandResult result = TryIpvsadm(arguments);
        return result.ExitCode == 0
            ? result.Output
            : throw new LabException($"'director ipvsadm {string.Join(' ', arguments)}' failed with {result.ExitCode}: {result.Error.Trim()}");
    }

    /// <inheritdoc/>
    public void Dispose() => Process.Dispose();

    private bool IsListening()
    {
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(Socket));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
