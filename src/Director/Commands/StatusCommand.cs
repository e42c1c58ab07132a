using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Director.Cluster.Telemetry;
using Director.Control;

namespace Director.Commands;

/// <summary><c>director status</c>: the cluster at a glance, and what the running director does.</summary>
internal static class StatusCommand
{
    public static Command Create()
    {
        Option<string?> socket = ControlSocket.Option();
        Option<bool> json = new("--json") { Description = "Print everything as JSON" };
        Command command = new CommandWithExample(
            "status", "Show the cluster, and services, real servers, rates, connections and drops of the running director.", "director status --json") { socket, json };
        command.SetAction(parsed =>
        {
            using ControlClient client = ControlClient.Connect(parsed.GetValue(socket) ?? ControlSocket.Path);
            ControlResponse response = client.Ask(new ControlRequest.Cluster());
            ClusterFigures cluster = response.Cluster ?? throw new OperatorException($"the director has no figures: {response.Message}");
            parsed.InvocationConfiguration.Output.Write(parsed.GetValue(json)
                ? Json(cluster) + "\n"
                : ClusterText.Format(cluster) + StatusText.Format(cluster.Own(), DateTimeOffset.UtcNow));
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>The director's own figures, and the whole cluster's beside them.</summary>
    private static string Json(ClusterFigures cluster)
    {
        JsonObject own = JsonSerializer.SerializeToNode(cluster.Own(), ControlJson.Default.DirectorFigures)!.AsObject();
        own["cluster"] = JsonSerializer.SerializeToNode(cluster, ControlJson.Default.ClusterFigures);
        return own.ToJsonString(ControlJson.Indented.Options);
    }
}
