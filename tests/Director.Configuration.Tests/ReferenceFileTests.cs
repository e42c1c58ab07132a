using System.Text.RegularExpressions;
using Director.Configuration.Documents;
using Director.Configuration.Reading;
using Xunit;

namespace Director.Configuration.Tests;

/// <summary>That hocon/director.reference.conf says of each key what the code does.</summary>
public sealed partial class ReferenceFileTests
{
    /// <summary>Keys whose value in the file is an example, as its comment says.</summary>
    private static readonly HashSet<string> s_examples =
    [
        "director.virtual-services.*.address", "director.virtual-services.*.mark", "director.virtual-services.*.real-servers",
        "director.virtual-services.*.real-servers.*.address",
        "director.virtual-services.*.real-servers.*.agent-check", "director.virtual-services.*.real-servers.*.agent-check.port",
        "director.virtual-services.*.agent-check", "director.virtual-services.*.agent-check.port",
        "director.virtual-services.*.real-servers.*.check", "director.virtual-services.*.real-servers.*.checks", "director.virtual-services.*.fallback",
        "director.virtual-services.*.check", "director.virtual-services.*.check.type",
        "director.marks", "director.marks.*.mark", "director.marks.*.destination", "director.masquerade", "director.masquerade.*.source",
        "director.masquerade.*.address",
        "director.availability.groups", "director.availability.groups.*.addresses", "director.availability.heartbeat.links", "director.availability.heartbeat.links.*.interface",
        "director.availability.heartbeat.links.*.multicast", "director.availability.mail", "director.availability.mail.server", "director.availability.mail.from",
        "director.availability.mail.to", "director.availability.groups.*.partition",
        "director.availability.groups.*.vrrp", "director.availability.groups.*.vrrp.instances", "director.availability.groups.*.vrrp.instances.*.interface",
        "director.availability.groups.*.vrrp.instances.*.router-id", "director.availability.groups.*.vrrp.track", "director.availability.groups.*.vrrp.track.interfaces",
        "director.availability.groups.*.vrrp.track.interfaces.*.interface", "director.availability.groups.*.vrrp.track.ping-nodes",
        "director.availability.groups.*.vrrp.track.ping-nodes.*.address", "director.availability.groups.*.vrrp.track.scripts",
        "director.availability.groups.*.vrrp.track.scripts.*.command", "director.availability.groups.*.vrrp.track.services",
        "director.availability.groups.*.vrrp.track.services.*.name",
        "director.alerts.mail", "director.alerts.mail.server", "director.alerts.mail.from", "director.alerts.mail.to", "director.alerts",
        "director.virtual-services", "director.availability", "director.availability.heartbeat", "director",
    ];

    private static readonly string s_path = Path.Combine(AppContext.BaseDirectory, "hocon", "director.reference.conf");

    [Fact]
    public void It_is_valid() => Assert.Empty(ConfigurationReader.Read(s_path).Errors);

    [Fact]
    public void It_lists_exactly_the_keys_that_are_read()
    {
        var findings = new Findings();
        ConfigurationReader.Read(() => SourceFile.Load(s_path), "", findings);
        var listed = AllKeys(Root()).Select(Pattern).Append("akka").Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(findings.Keys.AsEnumerable(), listed);
    }

    [Fact]
    public void Each_key_that_is_left_out_has_the_default_that_stands_there()
    {
        var whole = ConfigurationReader.Read(s_path).Configuration;
        var tried = 0;
        foreach (var key in AllKeys(Root()).Where(k => !s_examples.Contains(Pattern(k)) && k != "director.availability.groups.edge.protocol"))
        {
            var result = ConfigurationReader.ReadText(Without(key));
            Assert.True(result.Errors.IsEmpty, $"{key}: {string.Join('\n', result.Errors)}");
            var difference = Same.Difference(whole, result.Configuration);
            Assert.True(difference is null, $"{key}: {difference}");
            tried++;
        }

        Assert.True(tried > 50, $"only {tried} keys were tried");
    }

    [Fact]
    public void Without_its_examples_it_is_the_defaults()
    {
        var text = Without(
            "director.virtual-services", "director.marks", "director.masquerade", "director.availability.groups", "director.availability.heartbeat.links", "director.availability.mail", "director.alerts.mail");
        Assert.Null(Same.Difference(new DirectorConfiguration(), ConfigurationReader.ReadText(text).Configuration));
    }

    [Fact]
    public void Each_key_is_read_so_that_a_wrong_value_is_an_error_in_its_line()
    {
        foreach (var key in AllKeys(Root()))
        {
            var node = Find(Root(), key);
            var wrong = node.Kind == NodeKind.Text ? "{ wrong { } }" : "wrong";
            var errors = ConfigurationReader.ReadText(With(key, wrong), "f").Errors;
            Assert.Contains(errors, e => e.Contains($": {key}: ", StringComparison.Ordinal) || e.Contains($": {key} = ", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Each_key_has_a_comment()
    {
        var lines = File.ReadAllLines(s_path);
        var isInElement = false;
        for (var i = 1; i < lines.Length; i++)
        {
            var key = KeyOfLine().Match(lines[i]);
            // The three that a real server takes over from its service share one comment; names of services are no keys.
            isInElement = key.Groups[1].Value is "forwarding" or "tunnel" or "agent-check" or "check"
                && (isInElement || lines[i - 1].Contains("As the service's", StringComparison.Ordinal));
            Assert.True(
                !key.Success || isInElement || key.Groups[1].Value is "director" or "www" or "shop" or "vips" or "edge"
                    || lines[i - 1].TrimStart().StartsWith('#'), $"line {i + 1} has no comment: {lines[i]}");
        }
    }

    [GeneratedRegex(@"^\s*([a-z0-9-]+)\s*[={]")]
    private static partial Regex KeyOfLine();

    [GeneratedRegex(@"\[\d+\]")]
    private static partial Regex Index();

    [GeneratedRegex(@"\.(www|shop|vips|edge)\b")]
    private static partial Regex ServiceName();

    private static ConfigNode Root() => Document.Parse(SourceFile.Load(s_path), "").Root;

    [GeneratedRegex(@"\.(real-servers\.\*\.)?checks?(\.\*)?\.(?!\*)")]
    private static partial Regex WithinCheck();

    /// <summary>The keys of a check are the same wherever it stands.</summary>
    private static string Pattern(string key) => WithinCheck().Replace(ServiceName().Replace(Index().Replace(key, ".*"), ".*"), ".check.");

    /// <summary>The path of each key; not of elements, of services or of <c>akka</c>.</summary>
    private static IEnumerable<string> AllKeys(ConfigNode node)
    {
        foreach (var child in node.Fields.Values.Concat(node.Items).Where(c => c.Path != "akka"))
        {
            if (!child.Path.EndsWith(']') && child.Path is not ("director.virtual-services.www" or "director.virtual-services.shop" or "director.availability.groups.vips" or "director.availability.groups.edge"))
            {
                yield return child.Path;
            }

            foreach (var path in AllKeys(child))
            {
                yield return path;
            }
        }
    }

    private static ConfigNode Find(ConfigNode node, string path) =>
        node.Path == path ? node : Find(node.Fields.Values.Concat(node.Items).Single(
            c => path == c.Path || path.StartsWith(c.Path + ".", StringComparison.Ordinal) || path.StartsWith(c.Path + "[", StringComparison.Ordinal)), path);

    private static string Without(params string[] keys) => Write(Root(), keys, null);

    private static string With(string key, string value) => Write(Root(), [key], value);

    /// <summary>The file as one that means the same, with some keys left out or given another value.</summary>
    private static string Write(ConfigNode node, string[] keys, string? value) => node.Kind switch
    {
        NodeKind.Text => Shown.Quoted(node.Text),
        NodeKind.List => $"[{string.Join(", ", node.Items.Select(i => Write(i, keys, value)))}]",
        _ => "{\n" + string.Concat(node.Fields.Select(f =>
            !keys.Contains(f.Value.Path) ? $"{Shown.Key(f.Key)} = {Write(f.Value, keys, value)}\n" : value is null ? ""
                : $"{Shown.Key(f.Key)} = {value}\n")) + "}",
    };
}
