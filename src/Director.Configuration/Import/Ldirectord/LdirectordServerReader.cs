using System.Buffers.Binary;
using System.Net;
using System.Text.RegularExpressions;
using Director.Configuration.Documents;

namespace Director.Configuration.Import.Ldirectord;

/// <summary>Reads <c>real = ADDRESS[->ADDRESS][:PORT] gate|masq|ipip [WEIGHT] ["REQUEST", "RECEIVE"]</c> and <c>fallback = ADDRESS[:PORT] [gate|masq|ipip]</c>.</summary>
internal static partial class LdirectordServerReader
{
    /// <summary>A range of more is a mistake.</summary>
    private const uint LongestRange = 1024;

    private const string Right = "ADDRESS:PORT gate|masq|ipip [WEIGHT] [\"REQUEST\", \"RECEIVE\"] is right";

    public static IEnumerable<LdirectordServer> Read(LdirectordLine line, bool isUdp, ImportContext context)
    {
        var match = Form().Match(line.Value);
        if (!match.Success)
        {
            context.Findings.Error(line.At, line.Shown, $"is no real server; {Right}");
            yield break;
        }

        var isIPv6 = line.Key == "real6";
        if (Forwarding(match.Groups["method"].Value) is not { } forwarding)
        {
            context.Findings.Error(line.At, match.Groups["method"].Value, "is no way to forward; gate, masq or ipip is right");
            yield break;
        }

        var first = context.Address(match.Groups["first"].Value, isIPv6, line.At, out var remark);
        ushort? port = match.Groups["port"].Success ? context.Port(match.Groups["port"].Value, isUdp, line.At) : 0;
        if (first is null || port is null)
        {
            yield break;
        }

        var last = first;
        if (match.Groups["last"].Success)
        {
            if (context.Address(match.Groups["last"].Value, isIPv6, line.At, out _) is not { } end)
            {
                yield break;
            }

            last = end;
        }

        foreach (var address in Range(first, last, line, context.Findings))
        {
            yield return new(
                line, address, port.Value, forwarding, match.Groups["weight"].Value, match.Groups["request"] is { Success: true } request ? request.Value : null,
                match.Groups["receive"] is { Success: true } receive ? receive.Value : null, remark);
        }
    }

    /// <summary>A fallback; the port is null where the line has none.</summary>
    public static (IPAddress Address, ushort? Port, string Forwarding)? ReadFallback(LdirectordLine line, bool isUdp, ImportContext context)
    {
        var words = line.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length is not (1 or 2))
        {
            context.Findings.Error(line.At, line.Shown, "is no fallback; ADDRESS:PORT [gate|masq|ipip] is right");
            return null;
        }

        if (Forwarding(words.Length == 1 ? "gate" : words[1]) is not { } forwarding)
        {
            context.Findings.Error(line.At, words[1], "is no way to forward; gate, masq or ipip is right");
            return null;
        }

        return context.Endpoint(words[0], isUdp, line.Key == "fallback6", line.At, out _) is var (address, port) ? (address, port, forwarding) : null;
    }

    private static string? Forwarding(string method) => method switch
    {
        "gate" => "direct",
        "masq" => "nat",
        "ipip" => "tunnel",
        _ => null,
    };

    private static IEnumerable<IPAddress> Range(IPAddress first, IPAddress last, LdirectordLine line, ImportFindings findings)
    {
        if (first.Equals(last))
        {
            return [first];
        }

        var (low, high) = (first.GetAddressBytes(), last.GetAddressBytes());
        if (low.Length != 4 || high.Length != 4)
        {
            findings.Error(line.At, line.Shown, "is a range that is not of IPv4; write a line for each address");
            return [];
        }

        var (from, to) = (BinaryPrimitives.ReadUInt32BigEndian(low), BinaryPrimitives.ReadUInt32BigEndian(high));
        if (to < from || to - from >= LongestRange)
        {
            findings.Error(line.At, line.Shown, to < from ? "is a range that ends before it begins; write the lower address first" : $"is a range of more than {LongestRange} addresses");
            return [];
        }

        return Enumerable.Range(0, (int)(to - from) + 1).Select(i =>
        {
            var bytes = new byte[4];
            BinaryPrimitives.WriteUInt32BigEndian(bytes, from + (uint)i);
            return new IPAddress(bytes);
        });
    }

    [GeneratedRegex(
        """
        ^(?<first>\[[^\]\s]*\]|[^\s:\[>-]+(-+[^\s:\[>-]+)*)(->(?<last>\[[^\]\s]*\]|[^\s:\[]+))?(:(?<port>[^\s:]+))?\s+(?<method>\w+)(\s+(weight=)?(?<weight>\d+))?(\s+"(?<request>[^"]*)"\s*[, ]\s*"(?<receive>.*)")?\s*$
        """,
        RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
