using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Director.Cluster.Telemetry;
using Director.Forwarding;

namespace Director.Control;

/// <summary>The control protocol's JSON, generated at build time: no reflection at run time, unknown or missing values are errors.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UseStringEnumConverter = true,
    RespectNullableAnnotations = true,
    RespectRequiredConstructorParameters = true,
    AllowOutOfOrderMetadataProperties = true,
    Converters = [typeof(AddressConverter), typeof(EndpointConverter), typeof(NetworkConverter), typeof(ServiceKeyConverter)])]
[JsonSerializable(typeof(ControlRequest))]
[JsonSerializable(typeof(ControlResponse))]
[JsonSerializable(typeof(ClusterFigures))]
[JsonSerializable(typeof(Commands.ListedServer[]))]
internal sealed partial class ControlJson : JsonSerializerContext
{
    /// <summary>For people: indented.</summary>
    public static ControlJson Indented => new(new JsonSerializerOptions(Default.Options) { WriteIndented = true });
}
