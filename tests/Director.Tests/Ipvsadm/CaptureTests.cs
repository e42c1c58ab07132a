using System.Globalization;
using System.Net;
using Director.Control;
using Director.Forwarding;
using Xunit;

namespace Director.Tests.Ipvsadm;

/// <summary>
/// What a real ipvsadm printed (tests/data/ipvs/mode-*.txt), rebuilt byte for byte. The reports come from the kernel's own tables in the same capture; numbers that those do not
/// have come from the rows themselves.
/// </summary>
public sealed class CaptureTests
{
    public static TheoryData<string, string> Lists()
    {
        TheoryData<string, string> lists = [];
        foreach (string mode in new[] { "nat", "dr", "tun" })
        {
            foreach (string options in new[]
            {
                "-L -n", "-L -n --stats", "-L -n --rate", "-L -c -n", "-L -n --stats --exact", "-L -n --rate --exact", "-L -n --thresholds", "-L -n --persistent-conn", "-S -n",
                "-L --timeout", "-L --daemon",
            })
                lists.Add(mode, options);
        }

        return lists;
    }

    [Theory]
    [MemberData(nameof(Lists))]
    public void A_list_is_printed_as_ipvsadm_printed_it(string mode, string options)
    {
        Capture capture = Capture.Read(mode);
        TableDirector director = new();
        Printed printed = Terminal.Type(options, request => request is ControlRequest.Connections
            ? new() { Connections = [.. capture.Connections()] }
            : new() { Report = new("test", "director", DateTimeOffset.UnixEpoch, Timeouts.Default, director.Engine() with { Services = [capture.Service()], ConnectionCapacity = 4096 }) });
        Assert.Equal(new Printed(0, capture[$"ipvsadm {options}"], ""), printed);
    }

    private sealed class Capture
    {
        private readonly Dictionary<string, string> _outputs = [];

        public string this[string command] => _outputs[command];

        public static Capture Read(string mode)
        {
            Capture capture = new();
            string? command = null;
            foreach (string line in File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "ipvs", $"mode-{mode}.txt")).Split('\n'))
            {
                if (line.StartsWith("$ ", StringComparison.Ordinal))
                    capture._outputs[command = line[2..]] = "";
                else if (command is not null && line.Length > 0)
                    capture._outputs[command] += line + "\n";
            }

            return capture;
        }

        /// <summary>From /proc/net/ip_vs, whose addresses are hexadecimal and whose order is the kernel's.</summary>
        public VirtualServiceReport Service()
        {
            string[][] rows = Rows("cat /proc/net/ip_vs", skip: 3);
            IPEndPoint address = Hexadecimal(rows[0][1].Split(':'));
            VirtualServiceSpec spec = new(ServiceKey.ForAddress(Protocol.Tcp, address.Address, (ushort)address.Port)) { Scheduler = rows[0][2] };
            return new VirtualServiceReport(spec, [.. rows.Skip(1).Select(Server)], Totals("TCP", $"{address}"), Rates("TCP", $"{address}"));
        }

        /// <summary>From /proc/net/ip_vs_conn; the time left is that of ipvsadm's own row, which it read a moment earlier.</summary>
        public IEnumerable<ConnectionReport> Connections() => Rows("cat /proc/net/ip_vs_conn", skip: 1).Zip(Rows("ipvsadm -L -c -n", skip: 2), static (row, printed) =>
        {
            int[] expires = [.. printed[1].Split(':').Select(int.Parse)];
            return new ConnectionReport(
                6, row[7], ((expires[0] * 60) + expires[1]) * 1000L, Hexadecimal(row[1..3]), Hexadecimal(row[3..5]), Hexadecimal(row[5..7]), ForwardingMethod.Direct, false, 0);
        });

        private RealServerReport Server(string[] row)
        {
            IPEndPoint address = Hexadecimal(row[1].Split(':'));
            ForwardingMethod method = row[2] switch
            {
                "Masq" => ForwardingMethod.Nat,
                "Tunnel" => ForwardingMethod.Tunnel,
                _ => ForwardingMethod.Direct,
            };
            RealServerSpec spec = new(address.Address, (ushort)address.Port) { Method = method, Weight = int.Parse(row[3], CultureInfo.InvariantCulture) };
            return new(
                spec, int.Parse(row[4], CultureInfo.InvariantCulture), int.Parse(row[5], CultureInfo.InvariantCulture), 0, false, Totals("->", $"{address}"), Rates("->", $"{address}"));
        }

        private TrafficTotals Totals(string kind, string address)
        {
            ulong[] numbers = Numbers("ipvsadm -L -n --stats", kind, address);
            return new(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
        }

        private TrafficRates Rates(string kind, string address)
        {
            ulong[] numbers = Numbers("ipvsadm -L -n --rate", kind, address);
            return new(numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]);
        }

        private ulong[] Numbers(string command, string kind, string address) =>
            [.. Rows(command, skip: 3).Single(row => row[0] == kind && row[1] == address)[2..].Select(ulong.Parse)];

        private string[][] Rows(string command, int skip) =>
            [.. _outputs[command].Split('\n').Skip(skip).Where(static line => line.Length > 0).Select(static line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))];

        private static IPEndPoint Hexadecimal(string[] addressAndPort) =>
            new(new IPAddress(Convert.FromHexString(addressAndPort[0])), int.Parse(addressAndPort[1], NumberStyles.HexNumber, CultureInfo.InvariantCulture));
    }
}
