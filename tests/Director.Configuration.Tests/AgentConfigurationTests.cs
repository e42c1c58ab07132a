using System.Net;
using System.Text.RegularExpressions;
using Director.Configuration.Documents;
using Director.Configuration.Reading;
using Xunit;

namespace Director.Configuration.Tests;

/// <summary>An agent's file: what it means, what is wrong with it, and that hocon/agent.reference.conf says of each key what the code does.</summary>
public sealed partial class AgentConfigurationTests
{
    private static readonly string s_reference = Path.Combine(AppContext.BaseDirectory, "hocon", "agent.reference.conf");

    private static readonly HashSet<string> s_examples = ["agent.directors", "agent.key", "agent.services", "agent.services.www.address"];

    [Fact]
    public void Every_key_arrives_where_it_belongs()
    {
        var result = AgentConfigurationReader.ReadText(
            """
            agent {
              name = rs1, directors = ["lb1:2553", "[2001:db8::1]:2553"], key = "sixteen bytes or so", listen = "[::]:9999", interval = 500ms
              load { measure = [cpu, load-average, memory] }
              services {
                www { address = "10.0.0.2:80", join = no, weight = 7, forwarding = direct }
                "mail in" { address = "[2001:db8::2]:25", load { measure = [script], script = "echo 5", script-timeout = 1s } }
              }
            }
            """);

        Assert.Empty(result.Errors);
        Assert.Null(Same.Difference(
            new AgentConfiguration
            {
                Name = "rs1",
                Directors = ["lb1:2553", "[2001:db8::1]:2553"],
                Key = [.. "sixteen bytes or so"u8],
                Listen = new IPEndPoint(IPAddress.IPv6Any, 9999),
                Interval = TimeSpan.FromMilliseconds(500),
                Load = new() { Measure = [LoadMeasure.Cpu, LoadMeasure.LoadAverage, LoadMeasure.Memory] },
                Services =
                [
                    new("www", IPAddress.Parse("10.0.0.2"), 80) { Join = false, Weight = 7, Forwarding = PacketForwarding.Direct },
                    new("mail in", IPAddress.Parse("2001:db8::2"), 25)
                    {
                        Load = new() { Measure = [LoadMeasure.Script], Script = "echo 5", ScriptTimeout = TimeSpan.FromSeconds(1) },
                    },
                ],
            },
            result.Configuration));
    }

    [Fact]
    public void All_mistakes_are_said_at_once_by_their_lines()
    {
        var errors = AgentConfigurationReader.ReadText(
            """
            agents { }
            agent {
              directors = ["lb1"]
              interval = 100ms
              load { measure = [cpu, cpu, disk] }
              services {
                www { adress = "10.0.0.2:80" }
                mail { address = "127.0.0.1:25", forwarding = local, load { script = "echo 5" } }
                news { address = "10.0.0.2", weight = 0, load { measure = [script] } }
                dns = 53
              }
            }
            """,
            "agent.conf").Errors;

        Assert.Equal(
            [
                "agent.conf:1: agents: there is no such key; the nearest is agent",
                "agent.conf:3: agent.directors[0] = lb1: is no host with a port; HOST:PORT is right, such as 10.0.0.1:2553",
                "agent.conf:4: agent.interval = 100ms: is out of range; 200ms to 1m in steps of 1ms is right",
                "agent.conf:5: agent.load.measure[1] = cpu: is here twice; name each measure once",
                "agent.conf:5: agent.load.measure[2] = disk: is unknown; any of cpu, load-average, memory, script in [ ] is right",
                "agent.conf:7: agent.services.www.adress = 10.0.0.2:80: there is no such key; the nearest is address",
                "agent.conf:7: agent.services.www.address: is missing; an address with its port is 192.0.2.1:80 or [2001:db8::1]:80",
                "agent.conf:8: agent.services.mail.forwarding = local: is unknown; one of service, nat, direct, tunnel is right",
                "agent.conf:8: agent.services.mail.load.script = echo 5: is not among what is measured; write measure = [script], with others beside it or without",
                "agent.conf:8: agent.services.mail.address = 127.0.0.1:25: is no address that directors reach; an address with its port is 192.0.2.1:80 or [2001:db8::1]:80",
                "agent.conf:9: agent.services.news.weight = 0: is out of range; a whole number from 1 to 65535 is right",
                "agent.conf:9: agent.services.news.load.script: is missing; measure names script; write script = COMMAND",
                "agent.conf:9: agent.services.news.address = 10.0.0.2: has no port; an address with its port is 192.0.2.1:80 or [2001:db8::1]:80",
                "agent.conf:10: agent.services.dns = 53: is not a service; write NAME { address = \"ADDRESS:PORT\" }",
            ],
            errors.AsEnumerable());
    }

    [Theory]
    [InlineData("agent { }", "f:1: the agent has nothing to do; write agent { directors = [\"HOST:PORT\"], services { ... } } or listen = \"ADDRESS:PORT\"")]
    [InlineData("agent { directors = [\"a:1\"], services { } }", "f:1: agent.key-file: is missing; directors needs a secret that agents and directors share; write key-file = PATH")]
    [InlineData("agent { directors = [\"a:1\"], key = \"sixteen bytes or so\" }", "f:1: agent.services: is missing; directors are told of services; write services { NAME { address = \"ADDRESS:PORT\" } }")]
    [InlineData("agent { directors = [\"a:1\"], key = short, services { } }", "f:1: agent.key: has 5 bytes; a text of 16 to 4096 bytes is right")]
    [InlineData("agent = 1", "f:1: agent = 1: is not a section; write agent { }")]
    public void What_an_agent_cannot_do_without_is_said(string text, string error) =>
        Assert.Equal([error], AgentConfigurationReader.ReadText(text, "f").Errors.AsEnumerable());

    [Fact]
    public void More_services_than_an_agent_may_have_are_refused() =>
        Assert.Contains(
            "has 33 services; an agent speaks for at most 32",
            Assert.Single(AgentConfigurationReader.ReadText(
                "agent { listen = \"0.0.0.0:9999\", services {\n" + string.Concat(Enumerable.Range(0, 33).Select(i => $"s{i} {{ address = \"10.0.0.2:80\" }}\n")) + "} }").Errors),
            StringComparison.Ordinal);

    [Fact]
    public void A_file_that_is_not_there_is_said() =>
        Assert.Equal(["/none.conf: does not exist; name a HOCON file"], AgentConfigurationReader.Read("/none.conf").Errors.AsEnumerable());

    [Fact]
    public void The_example_is_valid()
    {
        var result = AgentConfigurationReader.Read(Path.Combine(AppContext.BaseDirectory, "hocon", "examples", "agent", "agent.conf"));

        Assert.Empty(result.Errors);
        Assert.Equal(["www", "mail"], result.Configuration!.Services.Select(service => service.Name));
    }

    [Fact]
    public void The_reference_is_valid_and_lists_exactly_the_keys_that_are_read()
    {
        var findings = new Findings();
        Assert.Empty(AgentConfigurationReader.Read(() => SourceFile.Load(s_reference), "", findings).Errors);
        Assert.Equal(
            findings.Keys.AsEnumerable(),
            Keys(Root()).Select(key => key.Replace(".www", ".*", StringComparison.Ordinal)).Where(key => key != "agent.services.*").Append("agent").Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Each_key_of_the_reference_that_is_left_out_has_the_default_that_stands_there()
    {
        var whole = AgentConfigurationReader.Read(s_reference).Configuration;
        var keys = Keys(Root()).Where(key => !s_examples.Contains(key) && key is not ("agent" or "agent.services.www" or "agent.services.www.load")).ToList();
        foreach (var key in keys)
        {
            var result = AgentConfigurationReader.ReadText(Without(Root(), key));
            Assert.True(result.Errors.IsEmpty, $"{key}: {string.Join('\n', result.Errors)}");
            Assert.Null(Same.Difference(whole, result.Configuration, key));
        }

        Assert.True(keys.Count >= 14, $"only {keys.Count} keys were tried");
    }

    [Fact]
    public void Each_key_of_the_reference_has_a_comment()
    {
        var lines = File.ReadAllLines(s_reference);
        for (var i = 1; i < lines.Length; i++)
        {
            var key = KeyOfLine().Match(lines[i]).Groups[1].Value;
            Assert.True(key is "" or "agent" or "www" || lines[i - 1].TrimStart().StartsWith('#'), $"line {i + 1} has no comment: {lines[i]}");
        }
    }

    [GeneratedRegex(@"^\s*([a-z0-9-]+)\s*[={]")]
    private static partial Regex KeyOfLine();

    private static ConfigNode Root() => Document.Parse(SourceFile.Load(s_reference), "").Root;

    private static IEnumerable<string> Keys(ConfigNode node) => node.Fields.Values.SelectMany(child => Keys(child).Prepend(child.Path));

    private static string Without(ConfigNode node, string key) => node.Kind switch
    {
        NodeKind.Text => Shown.Quoted(node.Text),
        NodeKind.List => $"[{string.Join(", ", node.Items.Select(item => Without(item, key)))}]",
        _ => "{\n" + string.Concat(node.Fields.Where(field => field.Value.Path != key).Select(field => $"{Shown.Key(field.Key)} = {Without(field.Value, key)}\n")) + "}",
    };
}
