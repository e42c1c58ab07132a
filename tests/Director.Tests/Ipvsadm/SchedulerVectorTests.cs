using System.Globalization;
using System.Net;
using System.Text.Json;
using Director.Forwarding;
using Director.Ipvsadm;
using Xunit;

namespace Director.Tests.Ipvsadm;

/// <summary>The recorded command lines of schedulers.jsonl, typed again, must end in the table that ipvsadm printed then.</summary>
public sealed class SchedulerVectorTests
{
    private static readonly Dictionary<string, JsonElement> All =
        File.ReadLines(Path.Combine(AppContext.BaseDirectory, "ipvs", "schedulers.jsonl")).Select(static line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(static vector => vector.GetProperty("id").GetString()!);

    public static TheoryData<string> Vectors() => [.. All.Keys];

    [Theory]
    [MemberData(nameof(Vectors))]
    public void The_recorded_command_lines_end_in_the_recorded_table(string id)
    {
        JsonElement vector = All[id];
        TableDirector director = new();
        foreach (JsonElement step in vector.GetProperty("events").EnumerateArray().Where(static step => step.GetProperty("op").GetString() == "ipvsadm"))
            Assert.Equal(new Printed(0, "", ""), Terminal.Type(step.GetProperty("args").GetString()!, director.Ask));

        string expected = vector.GetProperty("table_after").GetString()!.TrimEnd('\n') + "\n";
        Dictionary<string, int[]> connections = expected.Split('\n')
            .Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries)).Where(static row => row is ["->", _, _, _, _, _] && row[2] == "Masq")
            .ToDictionary(static row => row[1], static row => new[] { int.Parse(row[4], CultureInfo.InvariantCulture), int.Parse(row[5], CultureInfo.InvariantCulture) });
        VirtualServiceReport service = Assert.Single(director.Services);
        service = service with
        {
            RealServers = [.. service.RealServers.Select(server =>
            {
                int[] counts = connections[$"{new IPEndPoint(server.Spec.Address, server.Spec.Port)}"];
                return server with { ActiveConnections = counts[0], InactiveConnections = counts[1] };
            })],
        };
        Assert.Equal(expected, TableListing.One(service, ListFormat.Numeric, new FewNames()));
    }

    [Fact]
    public void Recorded_connections_and_templates_are_printed_as_they_were()
    {
        int rows = 0;
        foreach (JsonElement vector in All.Values.Where(static vector => vector.TryGetProperty("conns_after", out JsonElement connections) && connections.ValueKind == JsonValueKind.Array))
        {
            foreach (string row in vector.GetProperty("conns_after").EnumerateArray().Select(static row => row.GetString()!))
            {
                string[] columns = row.Split(' ', StringSplitOptions.RemoveEmptyEntries);
                int[] expires = [.. columns[1].Split(':').Select(int.Parse)];
                IPEndPoint client = IPEndPoint.Parse(columns[3]);
                bool isTemplate = client.Port == 0;
                // The kernel keeps the template of a mark under the mark, as if it were an address.
                IPEndPoint service = IPEndPoint.Parse(columns[4]);
                bool isMark = columns[0] == "IP";
                ConnectionReport connection = new(
                    columns[0] switch { "TCP" => 6, "UDP" => 17, _ => 0 },
                    columns[2],
                    ((((expires[0] * 60) + expires[1]) * 1000L) + 999),
                    client,
                    isMark ? new IPEndPoint(IPAddress.Any, service.Port) : service,
                    IPEndPoint.Parse(columns[5]),
                    ForwardingMethod.Nat,
                    isTemplate,
                    isMark ? (uint)IPAddress.NetworkToHostOrder(BitConverter.ToInt32(service.Address.GetAddressBytes())) : 0);
                Assert.Equal(row, ConnectionListing.Format([connection], ListFormat.Numeric, new FewNames()).Split('\n')[2]);
                rows++;
            }
        }

        Assert.True(rows > 100, $"only {rows} rows");
    }
}
