using Director.Cluster;
using Director.Cluster.VirtualServices;
using Director.Control;
using Director.Forwarding;

namespace Director.Hosting;

/// <summary>The running director as local commands reach it.</summary>
internal sealed class RunningDirector(DirectorNode node) : IControlled
{
    /// <inheritdoc/>
    public async Task<ControlResponse> Handle(ControlRequest request, CancellationToken cancellation)
    {
        try
        {
            return request switch
            {
                ControlRequest.Report => new() { Report = node.Telemetry.Own(await node.Report(cancellation)) },
                ControlRequest.Cluster => new() { Cluster = node.Telemetry.Figures() },
                ControlRequest.Connections => new() { Connections = await node.Connections(cancellation) },
                ControlRequest.Zero zero => Answer(await node.Zero(zero.Service, cancellation)),
                ControlRequest.Edit edit => Answer(await node.Edit(edit.Change, cancellation)),
                ControlRequest.Maintenance maintenance => node.SetMaintenance(maintenance.Server, maintenance.IsOn) is { } wrong
                    ? ControlResponse.Refused(ControlError.Refused, wrong)
                    : ControlResponse.Done,
                ControlRequest.Daemons => new() { Daemons = [.. node.Ipvs.Daemons] },
                ControlRequest.StartDaemon start => Done(() => node.Ipvs.Start(start.Daemon)),
                ControlRequest.StopDaemon stop => Done(() => node.Ipvs.Stop(stop.Role)),
                _ => ControlResponse.Refused(ControlError.BadRequest, $"{request.GetType().Name} is no request"),
            };
        }
        catch (EngineException refused)
        {
            return ControlResponse.Refused(ControlError.Failed, refused.Message);
        }
        catch (TimeoutException)
        {
            return ControlResponse.Refused(ControlError.Failed, "the director is busy and did not answer in time; try again");
        }
    }

    private static ControlResponse Done(Action action)
    {
        action();
        return ControlResponse.Done;
    }

    private static ControlResponse Answer(EditError? error) => error is null ? ControlResponse.Done : ControlResponse.Refused(ControlError.Refused, error.Text);
}
