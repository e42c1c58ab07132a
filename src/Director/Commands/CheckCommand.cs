using System.Collections.Immutable;
using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Serialization;
using Director.Configuration;

namespace Director.Commands;

/// <summary><c>director check</c>: a configuration file without running it.</summary>
internal static partial class CheckCommand
{
    public static Command Create()
    {
        Argument<string> file = new("file") { Description = "Configuration file (HOCON)" };
        Option<bool> json = new("--json") { Description = "Print the result as JSON" };
        Command command = new CommandWithExample("check", "Check a configuration file and print every error in it.", "director check /etc/director.conf") { file, json };
        command.SetAction(parsed => Check(
            parsed.GetRequiredValue(file), parsed.GetValue(json), parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error));
        return command;
    }

    private static int Check(string file, bool asJson, TextWriter output, TextWriter errors)
    {
        ConfigurationResult result = ConfigurationReader.Read(file);
        if (asJson)
        {
            output.WriteLine(JsonSerializer.Serialize(
                new Answer(result.Configuration is not null, result.Errors, result.Notes, result.Configuration is { } valid ? Count(valid) : null), AnswerJson.Default.Answer));
        }
        else
        {
            foreach (string error in result.Errors)
                errors.WriteLine(error);
            foreach (string note in result.Notes)
                errors.WriteLine($"note: {note}");
            if (result.Configuration is { } configuration)
                output.WriteLine($"ok: {Summary(Count(configuration))}");
        }

        return result.Configuration is null ? ExitCode.Failure : ExitCode.Ok;
    }

    private static Counts Count(DirectorConfiguration configuration) => new(
        configuration.VirtualServices.Length, configuration.VirtualServices.Sum(static service => service.RealServers.Length), configuration.Marks.Length, configuration.Masquerade.Length);

    private static string Summary(Counts counts) => string.Join(
        ", ",
        Plural(counts.VirtualServices, "virtual service"),
        Plural(counts.RealServers, "real server"),
        Plural(counts.Marks, "mark rule"),
        Plural(counts.Masquerade, "masquerade rule"));

    private static string Plural(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private sealed record Counts(int VirtualServices, int RealServers, int Marks, int Masquerade);

    private sealed record Answer(bool Ok, ImmutableArray<string> Errors, ImmutableArray<string> Notes, Counts? Summary);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(Answer))]
    private sealed partial class AnswerJson : JsonSerializerContext;
}
