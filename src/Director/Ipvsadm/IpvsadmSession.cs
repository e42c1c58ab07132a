using Director.Cluster.Telemetry;
using Director.Control;
using Director.Forwarding;

namespace Director.Ipvsadm;

/// <summary>Carries ipvsadm's command lines out and prints what it prints.</summary>
/// <param name="program">The name that usage texts show.</param>
/// <param name="ask">Asks the running director; called only when the command line is right.</param>
/// <param name="names">Names of hosts and services.</param>
/// <param name="input">Rules for -R.</param>
/// <param name="output">For lists.</param>
/// <param name="errors">For errors.</param>
internal sealed class IpvsadmSession(string program, Func<ControlRequest, ControlResponse> ask, INames names, TextReader input, TextWriter output, TextWriter errors)
{
    /// <summary>Carries out one command line; without arguments it lists the table.</summary>
    /// <returns>The exit status.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        try
        {
            return arguments.Count == 0 ? List(null, ListFormat.None) : Execute(arguments, isRestoring: false);
        }
        catch (IpvsadmException failure)
        {
            errors.WriteLine(failure.Message);
            return failure.ExitCode;
        }
    }

    private int Execute(IReadOnlyList<string> arguments, bool isRestoring) => CommandLineParser.Parse(program, arguments, names) switch
    {
        IpvsadmCommand.Help => Print(UsageText.Help(program)),
        IpvsadmCommand.Version => Print(UsageText.Version),
        IpvsadmCommand.List list => List(list.Service, list.Format),
        IpvsadmCommand.ListConnections list => Print(ConnectionListing.Format(ask(new ControlRequest.Connections()).Connections ?? [], list.Format, names)),
        IpvsadmCommand.ListTimeouts => Print(Text(Report().Timeouts)),
        IpvsadmCommand.ListDaemons => Print(string.Concat((ask(new ControlRequest.Daemons()).Daemons ?? []).Select(Text))),
        IpvsadmCommand.StartDaemon start => Change(new ControlRequest.StartDaemon(start.Daemon)),
        IpvsadmCommand.StopDaemon stop => Change(new ControlRequest.StopDaemon(stop.Role)),
        IpvsadmCommand.Save save => Print(RuleWriter.Write(Report().Engine.Services, save.Format, names)),
        IpvsadmCommand.Restore => isRestoring ? throw IpvsadmException.TryHelp(program) : Restore(),
        IpvsadmCommand.Change change => Change(new ControlRequest.Edit(change.Edit)),
        IpvsadmCommand.Zero zero => Change(new ControlRequest.Zero(zero.Service)),
        var other => throw new InvalidOperationException($"{other} is not carried out"),
    };

    private int Print(string text)
    {
        output.Write(text);
        return 0;
    }

    private static string Text(Timeouts timeouts) => $"Timeout (tcp tcpfin udp): {timeouts.Tcp} {timeouts.TcpFin} {timeouts.Udp}\n";

    private static string Text(IpvsDaemonOptions daemon) =>
        $"{(daemon.Role == IpvsRole.Master ? "master" : "backup")} sync daemon (mcast={daemon.Interface}, syncid={daemon.SyncId}, maxlen={daemon.MaximumLength}, group={daemon.Group}, port={daemon.Port}, ttl={daemon.Ttl})\n";

    private DirectorFigures Report()
    {
        ControlResponse response = ask(new ControlRequest.Report());
        return response.Report ?? throw new IpvsadmException(response.Message ?? "the director reported nothing", 1);
    }

    private int List(ServiceKey? service, ListFormat format)
    {
        EngineReport report = Report().Engine;
        if (service is null)
            return Print(TableListing.All(report, format, names));
        VirtualServiceReport found = report.Services.FirstOrDefault(candidate => candidate.Spec.Key == service) ?? throw new IpvsadmException("No such service", 1);
        return Print(TableListing.One(found, format, names));
    }

    /// <summary>A rule that the director refuses does not stop the rest; one that cannot be read does. The exit status is the last rule's.</summary>
    private int Restore()
    {
        int exitCode = 0;
        while (input.ReadLine() is { } line)
        {
            IReadOnlyList<string> arguments = RuleReader.Split(line);
            if (arguments.Count > 0)
                exitCode = Execute(arguments, isRestoring: true);
        }

        return exitCode;
    }

    private int Change(ControlRequest request)
    {
        ControlResponse response = ask(request);
        if (response.Error is null)
            return 0;
        errors.WriteLine(response.Message);
        return IpvsadmException.Refused;
    }
}
