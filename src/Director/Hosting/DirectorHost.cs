using System.Runtime;
using System.Runtime.InteropServices;
using Director.Cluster;
using Director.Cluster.VirtualServices;
using Director.Configuration;
using Director.Control;
using Director.Forwarding;
using Director.Forwarding.Kernel;
using Director.Forwarding.Links;
using Director.Http;

namespace Director.Hosting;

/// <summary>The process around a director: it brings configuration, engine, actors and control socket together and ends with the signals of its operator.</summary>
internal sealed class DirectorHost : IDisposable
{
    private const int Aborted = 130;

    private readonly ConsoleLog _log;
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly PosixSignalRegistration[] _signals;
    private DirectorNode? _node;

    private DirectorHost(ConsoleLog log)
    {
        _log = log;
        _signals =
        [
            PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop),
            PosixSignalRegistration.Create(PosixSignal.SIGHUP, Reload),
        ];
    }

    /// <summary>Runs a director until SIGTERM or SIGINT.</summary>
    /// <param name="path">The configuration file.</param>
    /// <param name="socket">Where local commands are taken; null is what the configuration says.</param>
    /// <param name="log">For events.</param>
    /// <param name="errors">For what is wrong with the configuration.</param>
    /// <returns>The exit status.</returns>
    /// <exception cref="OperatorException">It cannot start.</exception>
    public static async Task<int> Run(string path, string? socket, ConsoleLog log, TextWriter errors)
    {
        log.Write(LogLevel.Information, PackageWorld.Version);
        ConfigurationResult result = ConfigurationReader.Read(path);
        if (result.Configuration is not { } configuration)
        {
            foreach (string error in result.Errors)
                errors.WriteLine(error);
            return ExitCode.Failure;
        }

        foreach (string note in result.Notes)
            log.Write(LogLevel.Warning, note);
        using DirectorHost host = new(log);
        await host.Run(path, result, configuration, socket ?? configuration.Socket);
        return ExitCode.Ok;
    }

    public void Dispose()
    {
        foreach (PosixSignalRegistration signal in _signals)
            signal.Dispose();
    }

    private async Task Run(string path, ConfigurationResult result, DirectorConfiguration configuration, string socket)
    {
        string name = configuration.Name.Length > 0 ? configuration.Name : Environment.MachineName;
        ProcessPriority.Raise();

        // Collections that stop everything for long are for processes that hold no VIP.
        GCSettings.LatencyMode = GCLatencyMode.SustainedLowLatency;

        // Before the engine touches the host: two directors would fight over it.
        ControlServer.RefuseSecond(socket);
        ForwardingEngine engine = StartEngine(configuration);
        try
        {
            _node = StartNode(path, result, engine);
            await using (ControlServer.Listen(socket, new RunningDirector(_node), _log.Write))
            await using (configuration.VirtualServices.Any(service => service.FallbackIsPage) ? await FallbackPage.Start(configuration.Health, _log.Write) : null)
            await using (configuration.Http is { } http ? await HttpSide.Start(http, _node.Telemetry.Figures, _log.Write) : null)
            {
                EngineReport report = engine.Report();
                _log.Write(
                    LogLevel.Information,
                    $"{name} is up: virtual services {report.Services.Length}, workers {report.Workers}, interfaces {string.Join(' ', report.Links)}, commands on {socket}");
                await _stop.Task;
            }

            await _node.Stop();
        }
        finally
        {
            await engine.DisposeAsync();
        }

        _log.Write(LogLevel.Information, "stopped");
    }

    private DirectorNode StartNode(string path, ConfigurationResult result, ForwardingEngine engine)
    {
        try
        {
            return DirectorNode.Start(path, result, engine, _log.Write, PackageWorld.Version);
        }
        catch (Exception refused) when (refused is EngineException or InvalidOperationException)
        {
            throw new OperatorException(refused.Message);
        }
    }

    private ForwardingEngine StartEngine(DirectorConfiguration configuration)
    {
        try
        {
            EngineOptions options = ConfiguredTable.EngineOptions(configuration);
            Examine(ConfiguredTable.From(configuration), options);
            return ForwardingEngine.Start(options, _log.Write);
        }
        catch (Exception refused) when (refused is EngineException or LinkException)
        {
            throw new OperatorException(refused.Message);
        }
    }

    private void Examine(ForwardingTable table, EngineOptions options)
    {
        var findings = HostProbe.Examine(table, options);
        foreach (HostFinding finding in findings.Where(finding => !finding.IsError))
            _log.Write(LogLevel.Warning, finding.Message);
        if (findings.Where(finding => finding.IsError).Select(finding => finding.Message).ToArray() is { Length: > 0 } errors)
            throw new OperatorException(string.Join(Environment.NewLine, errors));
    }

    private void Stop(PosixSignalContext context)
    {
        context.Cancel = true;
        if (_stop.TrySetResult())
        {
            _log.Write(LogLevel.Information, $"{context.Signal}: stopping");
        }
        else if (context.Signal == PosixSignal.SIGINT)
        {
            _log.Write(LogLevel.Warning, "SIGINT again: aborted; the next start clears up what is left");
            Environment.Exit(Aborted);
        }
    }

    private void Reload(PosixSignalContext context)
    {
        context.Cancel = true;
        _log.Write(LogLevel.Information, "SIGHUP: reading the configuration again");
        _node?.Reload();
    }
}
