using System.CommandLine;
using System.Collections.Immutable;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Director.Configuration.Import;
using Director.Ipvsadm;

namespace Director.Commands;

/// <summary><c>director import</c>: the files of other tools as a configuration.</summary>
internal static partial class ImportCommand
{
    private const int LongestFile = 1 << 20;
    private const byte Tcp = 6;
    private const byte Udp = 17;

    public static Command Create()
    {
        Argument<ImportKind> kind = new("kind")
        {
            Description = "What the files belong to: ldirectord (ldirectord.cf), keepalived (keepalived.conf), ipvsadm (what ipvsadm-save writes), heartbeat (ha.cf haresources authkeys), saru (saru.conf), feedbackd (feedbackd-agent.conf)",
            CustomParser = static result => Enum.TryParse(result.Tokens[0].Value, ignoreCase: true, out ImportKind known) && !char.IsAsciiDigit(result.Tokens[0].Value[0])
                ? known
                : Refuse(result, $"'{result.Tokens[0].Value}' is nothing to import from; one of {string.Join(", ", Enum.GetNames<ImportKind>()).ToLowerInvariant()} is right"),
        };
        Argument<string[]> files = new("file")
        {
            Description = "The tool's files, in the order in which it reads them; what iptables-save writes may be among them, for firewall marks", Arity = ArgumentArity.OneOrMore,
        };
        Option<string?> output = new("--output", "-o") { Description = "File to write instead of standard output; only its owner may read it", HelpName = "file" };
        Option<bool> json = new("--json") { Description = "Print the result as JSON" };
        Command command = new CommandWithExample(
            "import", "Make a configuration of another tool's files, and list what has no counterpart.", "director import keepalived /etc/keepalived/keepalived.conf -o /etc/director.conf")
        {
            kind, files, output, json,
        };
        command.SetAction(parsed => Import(
            parsed.GetRequiredValue(kind), parsed.GetRequiredValue(files), parsed.GetValue(output), parsed.GetValue(json), parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error));
        return command;
    }

    private static ImportKind Refuse(System.CommandLine.Parsing.ArgumentResult result, string message)
    {
        result.AddError(message);
        return default;
    }

    private static int Import(ImportKind kind, string[] files, string? to, bool asJson, TextWriter output, TextWriter errors)
    {
        ImportResult result = ConfigurationImporter.Import(kind, [.. files.Select(Read)], new Names());
        if (to is not null && result.Errors.IsEmpty)
            Write(to, result.Text);
        if (asJson)
        {
            output.WriteLine(JsonSerializer.Serialize(new Answer(result.Errors.IsEmpty, result.Errors, result.Missing, to is null ? result.Text : null), ImportJson.Default.Answer));
        }
        else
        {
            foreach (string error in result.Errors)
                errors.WriteLine(error);
            if (result.Errors.IsEmpty)
            {
                if (to is null)
                    output.Write(result.Text);
                foreach (string missing in result.Missing)
                    errors.WriteLine($"note: {missing}");
                errors.WriteLine(result.Missing.Length switch
                {
                    0 => "everything has a counterpart",
                    1 => "1 thing has no counterpart",
                    var count => $"{count} things have no counterpart",
                });
            }
        }

        return !result.Errors.IsEmpty ? ExitCode.Failure : result.Missing.IsEmpty ? ExitCode.Ok : ExitCode.Incomplete;
    }

    private static ImportedFile Read(string path)
    {
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] bytes = new byte[LongestFile + 1];
            int length = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
            if (length > LongestFile)
                throw new OperatorException($"{path}: is longer than {LongestFile} bytes; a configuration is not");
            // The old tools know bytes only: what is no UTF-8 is of their time.
            return new(path, Encoding.UTF8.GetString(bytes, 0, length));
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new OperatorException($"{path}: cannot be read: {unreadable.Message.ReplaceLineEndings(" ")}");
        }
    }

    private static void Write(string path, string text)
    {
        try
        {
            // Secrets may be in it.
            using FileStream stream = new(path, new FileStreamOptions
            {
                Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
            });
            stream.Write(Encoding.UTF8.GetBytes(text));
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            throw new OperatorException($"{path}: cannot be written: {failed.Message.ReplaceLineEndings(" ")}");
        }
    }

    private sealed class Names : INameLookup
    {
        private readonly SystemNames _names = new();

        public IPAddress? AddressOf(string host, bool isIPv6)
        {
            try
            {
                return Dns.GetHostAddresses(host, isIPv6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork).FirstOrDefault();
            }
            catch (Exception failure) when (failure is SocketException or ArgumentException)
            {
                return null;
            }
        }

        public ushort? PortOf(string service, bool isUdp) => _names.PortOf(service, isUdp ? Udp : Tcp);
    }

    private sealed record Answer(bool Ok, ImmutableArray<string> Errors, ImmutableArray<string> Missing, string? Configuration);

    [JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonSerializable(typeof(Answer))]
    private sealed partial class ImportJson : JsonSerializerContext;
}
