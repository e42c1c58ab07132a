using System.Collections.Immutable;
using System.Net;
using System.Text.Json;

namespace Director.Forwarding.Tests.Scheduling;

/// <summary>What a real IPVS did, one line of <c>tests/data/ipvs/schedulers.jsonl</c> (see the README beside it).</summary>
/// <param name="Id">Unique within its file.</param>
/// <param name="Protocol">Of all its connections.</param>
/// <param name="IsRandom">The decisions are random; only their distribution counts.</param>
/// <param name="ExpireQuiescentTemplate">sysctl expire_quiescent_template, 0 unless the vector sets it.</param>
/// <param name="Events">What was done, in order.</param>
/// <param name="TableAfter"><c>ipvsadm -L -n</c> at the end.</param>
public sealed record SchedulerVector(
    string Id, Protocol Protocol, bool IsRandom, bool ExpireQuiescentTemplate, ImmutableArray<SchedulerEvent> Events, string TableAfter)
{
    /// <summary>An environment variable that names one more file of the same form.</summary>
    public const string FileVariable = "DIRECTOR_VECTORS";

    /// <summary>The project's vectors and those of <see cref="FileVariable"/>, by a name that says which file they are from.</summary>
    public static IReadOnlyDictionary<string, SchedulerVector> All { get; } = LoadAll();

    /// <summary>Reads a file of vectors, one a line.</summary>
    public static IEnumerable<SchedulerVector> Load(string path) => File.ReadLines(path).Where(line => line.Length > 0).Select(Parse);

    private static Dictionary<string, SchedulerVector> LoadAll()
    {
        string[] paths = [Path.Combine(AppContext.BaseDirectory, "data", "ipvs", "schedulers.jsonl"), Environment.GetEnvironmentVariable(FileVariable) ?? ""];
        return paths.Where(path => path.Length > 0)
            .SelectMany((path, file) => Load(path).Select(vector => (Name: file == 0 ? vector.Id : $"{FileVariable}:{vector.Id}", vector)))
            .ToDictionary(named => named.Name, named => named.vector);
    }

    private static SchedulerVector Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        var root = document.RootElement;
        return new(
            root.GetProperty("id").GetString()!,
            Enum.Parse<Protocol>(root.GetProperty("proto").GetString()!, ignoreCase: true),
            root.GetProperty("random").GetBoolean(),
            root.GetProperty("sysctl").TryGetProperty("expire_quiescent_template", out var quiescent) && quiescent.ToString() == "1",
            [.. root.GetProperty("events").EnumerateArray().Select(ParseEvent)],
            root.GetProperty("table_after").GetString()!);
    }

    private static SchedulerEvent ParseEvent(JsonElement element) => element.GetProperty("op").GetString() switch
    {
        "ipvsadm" => new SchedulerEvent.Command(element.GetProperty("args").GetString()!),
        "close" => new SchedulerEvent.Close(element.GetProperty("n").GetInt32()),
        "conn" => new SchedulerEvent.Connection(
            element.GetProperty("n").GetInt32(),
            IPEndPoint.Parse(element.GetProperty("src").GetString()!),
            IPEndPoint.Parse(element.GetProperty("dst").GetString()!),
            element.GetProperty("closed_before_next").GetBoolean(),
            element.GetProperty("server").GetString() is { } server ? IPEndPoint.Parse(server) : null),
        var other => throw new FormatException($"A vector has the operation '{other}'."),
    };
}

/// <summary>A step of a vector.</summary>
public abstract record SchedulerEvent
{
    /// <summary><c>ipvsadm</c> was run.</summary>
    public sealed record Command(string Arguments) : SchedulerEvent;

    /// <summary>
    /// A client connected. <paramref name="ClosedBeforeNext"/>: both FINs were exchanged, the entry is in TIME_WAIT; else it stays open to its
    /// <see cref="Close"/>.
    /// </summary>
    /// <param name="Server">Where it came out; null when it was refused.</param>
    public sealed record Connection(int Number, IPEndPoint Source, IPEndPoint Destination, bool ClosedBeforeNext, IPEndPoint? Server) : SchedulerEvent;

    /// <summary>An open connection was closed.</summary>
    public sealed record Close(int Number) : SchedulerEvent;
}
