using System.Net;
using Director.Configuration.Import;

namespace Director.Configuration.Tests.Import;

/// <summary>A folder of <c>tests/data/import</c>: files of one tool, and <c>expected.conf</c>, what is made of them.</summary>
internal sealed record Sample(string Folder)
{
    private const string Expected = "expected.conf";
    private static readonly string s_root = Path.Combine(AppContext.BaseDirectory, "import");

    public ImportKind Kind => Enum.Parse<ImportKind>(Path.GetDirectoryName(Folder)!, ignoreCase: true);

    public IReadOnlyList<ImportedFile> Files =>
    [
        .. Directory.GetFiles(Path.Combine(s_root, Folder)).Where(f => Path.GetFileName(f) != Expected).Order(StringComparer.Ordinal)
            .Select(f => new ImportedFile(Path.GetFileName(f), File.ReadAllText(f))),
    ];

    public string Wanted => File.ReadAllText(Path.Combine(s_root, Folder, Expected));

    public static IEnumerable<Sample> All => Directory.GetDirectories(s_root).SelectMany(Directory.GetDirectories).Order(StringComparer.Ordinal).Select(f => new Sample(Path.GetRelativePath(s_root, f)));

    public ImportResult Import() => ConfigurationImporter.Import(Kind, Files, new Names());

    /// <summary>What the reader of configurations, or of agents, says against a text.</summary>
    public static IEnumerable<string> Errors(ImportKind kind, string text) =>
        kind == ImportKind.Feedbackd ? AgentConfigurationReader.ReadText(text, "f").Errors : ConfigurationReader.ReadText(text, "f").Errors;

    /// <summary>A few names, so that no test asks the network.</summary>
    internal sealed class Names : INameLookup
    {
        public IPAddress? AddressOf(string host, bool isIPv6) => (host, isIPv6) switch
        {
            ("mail.example.org", false) => IPAddress.Parse("10.0.0.6"),
            ("mx1.example.org", false) => IPAddress.Parse("10.1.0.6"),
            ("mail.example.org", true) => IPAddress.Parse("fd00::6"),
            _ => null,
        };

        public ushort? PortOf(string service, bool isUdp) => service switch
        {
            "http" => 80,
            "smtp" => 25,
            "domain" => 53,
            _ => null,
        };
    }
}
