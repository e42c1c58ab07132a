using System.Collections.Immutable;
using System.Net;
using Director.Configuration.Documents;

namespace Director.Configuration.Reading;

/// <summary>The <c>feedback { }</c> section, and the <c>agent-check { }</c> of a service or a real server.</summary>
internal static class FeedbackReader
{
    private const string RightEndpoint = $"{Addresses.RightEndpoint}, \"\" is nowhere";
    private static readonly TimeSpan s_millisecond = TimeSpan.FromMilliseconds(1);

    public static FeedbackConfiguration Read(SectionReader section, Findings findings)
    {
        var defaults = new FeedbackConfiguration();
        var result = new FeedbackConfiguration
        {
            Listen = Listen(section, findings),
            Key = ClusterReader.Key(section, findings),
            Allow = section.Networks("allow", null),
            Services = Services(section, findings),
            Join = section.Flag("join", defaults.Join),
            Stale = section.Duration("stale", defaults.Stale, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1), s_millisecond),
            RemoveAfter = section.Duration("remove-after", defaults.RemoveAfter, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1), s_millisecond),
            Smoothing = section.Duration("smoothing", defaults.Smoothing, TimeSpan.Zero, TimeSpan.FromHours(1), s_millisecond),
            DeadBand = (int)section.Number("dead-band", defaults.DeadBand, 0, 50),
            Slew = (int)section.Number("slew", defaults.Slew, 1, 1000),
            Least = (int)section.Number("least", defaults.Least, 1, 100),
        };
        if (result.RemoveAfter < result.Stale)
        {
            var wrong = section.Section.Fields.GetValueOrDefault("remove-after") ?? section.Section.Fields["stale"];
            findings.Error(wrong, $"leaves remove-after = {Units.Write(result.RemoveAfter)} below stale = {Units.Write(result.Stale)}; what is removed is stale first");
        }

        NeedKey(section, findings, result.Listen is not null, result.Key, "listen");
        section.RefuseUnknown();
        return result;
    }

    /// <param name="owner">The service or the real server.</param>
    /// <param name="findings">Where mistakes go.</param>
    public static AgentCheckConfiguration? Check(SectionReader owner, Findings findings)
    {
        if (owner.Child("agent-check") is not { } section)
        {
            return null;
        }

        var port = (ushort)section.Number("port", 0, 1, 65535);
        if (!section.Section.Fields.ContainsKey("port"))
        {
            findings.Missing(section.Section, "port", "write port = 9999 or another that the agents answer at");
        }

        var defaults = new AgentCheckConfiguration(port);
        var result = defaults with
        {
            Interval = section.Duration("interval", defaults.Interval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1), s_millisecond),
            Timeout = section.Duration("timeout", defaults.Timeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1), s_millisecond),
            Send = section.Text("send", defaults.Send, "up to 255 characters are right", text => text.Length > 255 ? "is too long" : null),
        };
        section.RefuseUnknown();
        return result;
    }

    /// <summary>Where somebody is listened to; null is nowhere.</summary>
    public static IPEndPoint? Listen(SectionReader section, Findings findings)
    {
        if (section.FindText("listen", RightEndpoint) is not { Text.Length: > 0 } node)
        {
            return null;
        }

        var wrong = Addresses.Endpoint(node.Text, out var address, out var port) ?? (port is null or 0 ? "has no port" : null);
        if (wrong is null)
        {
            return new IPEndPoint(address!, port!.Value);
        }

        findings.Error(node, $"{wrong}; {RightEndpoint}");
        return null;
    }

    /// <summary>Says that a key is missing, unless what stands there was wrong and that is said already.</summary>
    public static void NeedKey(SectionReader section, Findings findings, bool isNeeded, ImmutableArray<byte> key, string forWhat)
    {
        if (isNeeded && key.IsEmpty && !HasText("key") && !HasText("key-file"))
        {
            findings.Missing(section.Section, "key-file", $"{forWhat} needs a secret that agents and directors share; write key-file = PATH");
        }

        bool HasText(string name) => section.Section.Fields.GetValueOrDefault(name) is { Text.Length: > 0 };
    }

    private static ImmutableArray<string> Services(SectionReader section, Findings findings)
    {
        var result = ImmutableArray.CreateBuilder<string>();
        foreach (var node in section.List("services", NodeKind.Text, "names of virtual services in [ ] are right"))
        {
            if (result.Contains(node.Text))
            {
                findings.Error(node, "is here twice; name each service once");
            }
            else
            {
                result.Add(node.Text);
            }
        }

        return result.ToImmutable();
    }
}
