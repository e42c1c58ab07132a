using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Xunit.Abstractions;

namespace Director.Lab.Tests.Vrrp;

/// <summary>A director beside the real keepalived: many virtual routers at once, each side killed, stopped, cut off and back.</summary>
[Collection(LabCollection.Name)]
public class KeepalivedTests(ITestOutputHelper output)
{
    private const string Director = VrrpLab.DirectorName, Keepalived = VrrpLab.KeepalivedName;
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1), _short = TimeSpan.FromMilliseconds(20), _tenth = TimeSpan.FromMilliseconds(100);

    // What a busy machine may add; what keepalived itself adds is printed beside.
    private static readonly TimeSpan _slack = TimeSpan.FromMilliseconds(700);

    private static readonly SharedRouter[] _routers =
    [
        new("plain2", 51, "10.9.0.151", _second, 110, 100) { Version = 2 },
        new("pass2", 52, "10.9.0.152", _second, 90, 100) { Version = 2, Password = "s3cret" },
        new("stays", 53, "10.9.0.153", _tenth, 110, 100) { Preempts = false },
        new("fast", 54, "10.9.0.154", _short, 90, 100),
        new("fast6", 55, "fe80::155", _short, 110, 100),
        new("equal", 56, "10.9.0.156", _tenth, 100, 100),
        new("unicast", 57, "10.9.0.157", _tenth, 110, 100) { Unicast = true },
        new("slow6", 58, "fe80::158", _second, 90, 100),
        new("mac", 59, "10.9.0.159", _tenth, 110, 100) { VirtualMac = true },
    ];

    [SkippableFact]
    public void Each_side_is_master_killed_stopped_cut_off_and_back()
    {
        Needs.Lab("nft", "keepalived", "tcpdump");
        using VrrpLab lab = new(_routers);
        lab.StartDirector();
        lab.Expect(_ => Director);

        // The higher preempts, the equal one does not.
        lab.StartKeepalived();
        lab.Expect(ByPriority);
        AssertStatus(lab);

        double killed = Now;
        lab.KillKeepalived();
        lab.Expect(_ => Director);
        lab.StartKeepalived();
        lab.Expect(ByPriority);

        double dead = Now;
        lab.KillDirector();
        lab.Expect(_ => Keepalived);
        lab.StartDirector();
        lab.Expect(router => router.Name is "stays" or "equal" ? Keepalived : ByPriority(router));

        double stopped = Now;
        lab.StopDirector();
        lab.Expect(_ => Keepalived);
        lab.StartDirector();
        double gone = Now;
        lab.StopKeepalived();
        lab.Expect(_ => Director);
        lab.StartKeepalived();
        lab.Expect(ByPriority);

        int answeredTwice = lab.AnsweredTwice();
        double cut = Now;

        // Both are master, until they hear each other: then the higher address, keepalived's, decides between equals.
        lab.SetCable(false);
        lab.Expect(_ => Director);
        lab.SetCable(true);
        lab.Expect(router => router.Name == "equal" ? Keepalived : ByPriority(router));

        Assert.Equal(0, answeredTwice);
        IReadOnlyList<SeenAdvertisement> seen = lab.Advertisements();
        int judged = 0;
        foreach (SharedRouter router in _routers)
        {
            SeenAdvertisement[] own = [.. seen.Where(one => one.RouterId == router.RouterId && From(one) != "")];
            Assert.Equal([Keepalived, Director], own.Select(From).Distinct().OrderDescending());
            Assert.All(own, one => Assert.Equal((router.Version, router.IsIPv6), (one.Version, one.IsIPv6)));
            AssertOneMaster(router, [.. own.Where(one => one.Time < cut && one.Priority > 0)]);
            judged += AssertTaken(router, own, killed, Keepalived, resigned: false) + AssertTaken(router, own, dead, Director, resigned: false)
                + AssertTaken(router, own, stopped, Director, resigned: true) + AssertTaken(router, own, gone, Keepalived, resigned: true);
        }

        // keepalived was master of three when it was killed, the director of six and then of four, and keepalived of five: a busy machine may have moved a few in between.
        Assert.True(judged >= 14, $"only {judged} take-overs were judged");
    }

    private static string ByPriority(SharedRouter router) => router.DirectorPriority >= router.KeepalivedPriority ? Director : Keepalived;

    private static double Now => DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() / 1000.0;

    private static string From(SeenAdvertisement one) => one.From switch { "10.9.0.1" or "fe80::1" => Director, "10.9.0.2" or "fe80::2" => Keepalived, _ => "" };

    /// <summary>Nobody advertises while the other goes on to, but for the moment in which one gives way.</summary>
    private static void AssertOneMaster(SharedRouter router, SeenAdvertisement[] own)
    {
        int both = 0;
        for (int i = 1; i < own.Length; i++)
        {
            int before = Array.FindLastIndex(own, i - 1, one => From(one) != From(own[i]));
            int after = Array.FindIndex(own, i + 1, one => From(one) != From(own[i]));
            both += before >= 0 && after > 0 && own[after].Time - own[before].Time < (1.5 * router.Interval.TotalSeconds) + 0.01 ? 1 : 0;
        }

        Assert.True(both * router.Interval.TotalSeconds <= (2 * router.Interval.TotalSeconds) + 0.5, $"{router.Name}: {both} advertisements of two masters at once");
    }

    /// <summary>If one side was master when it ended, the other was so by its formula: the whole wait after a death, the skew after a resignation.</summary>
    /// <returns>1 if it was; 0 if it was not master, or was replaced by a higher one before it had resigned.</returns>
    private int AssertTaken(SharedRouter router, SeenAdvertisement[] own, double at, string ended, bool resigned)
    {
        int last = Array.FindLastIndex(own, one => one.Time <= at + 0.02);
        // It goes on for as long as the command takes to reach it.
        while (last + 1 < own.Length && From(own[last + 1]) == ended && own[last + 1].Time < at + 3)
            last++;
        if (last < 0 || From(own[last]) != ended || own[last].Priority == 0 != resigned)
            return 0;
        SeenAdvertisement next = own[last + 1];
        int priority = ended == Director ? router.KeepalivedPriority : router.DirectorPriority;
        TimeSpan wait = router.MasterDown(priority) - (resigned ? 3 * router.Interval : TimeSpan.Zero);
        double taken = next.Time - own[last].Time;
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{router.Name,-8} {(resigned ? "resigned" : "died"),-8} {ended,-10} taken after {taken * 1000,7:0.0} ms, by the formula {wait.TotalMilliseconds,7:0.0} ms"));
        Assert.NotEqual(ended, From(next));
        Assert.InRange(taken, wait.TotalSeconds - 0.005, (wait + _slack).TotalSeconds);
        return 1;
    }

    /// <summary>Packets that are wrong in one way each are counted by it, and nothing else happens.</summary>
    private static void AssertStatus(VrrpLab lab)
    {
        // Version 3, VRID 53, priority 254: the highest, so that none of them is without effect by chance.
        byte[] right = Message(0x31, 53, 254, 1, 0, 10, 153);
        lab.Forge(socket =>
        {
            Send(socket, 254, right);
            Send(socket, 255, Spoilt(right, 6));
            Send(socket, 255, Message(0x31, 99, 254, 1, 0, 10, 153));
            Send(socket, 255, Message(0x31, 53, 254, 9, 0, 10, 153));
            Send(socket, 255, [.. Message(0x21, 53, 254, 1, 0, 1, 153, 8)]);
            Send(socket, 255, Message(0x32, 53, 254, 1, 0, 10, 153));
            Send(socket, 255, Message(0x31, 53, 254, 1, 0, 10, 99));
            Send(socket, 255, Message(0x31, 53, 254, 1, 0, 0, 153));
            // Version 2 without its password, and without its interval.
            Send(socket, 255, Message(0x21, 52, 254, 1, 0, 1, 152, 8));
            Send(socket, 255, Message(0x21, 51, 254, 1, 0, 2, 151, 8));
            Send(socket, 255, Message(0x31, 57, 254, 1, 0, 10, 157));
        });
        string[] names = ["addresses", "checksum", "interval", "password", "router-id", "sender", "time-to-live", "truncated", "type", "version"];
        System.Text.Json.JsonElement counters = lab.Figures().GetProperty("vrrp");
        Assert.Equal(
            names.Select(name => $"{name} {(name == "interval" ? 2 : 1)}"),
            names.Select(name => $"{name} {counters.GetProperty($"drop-{name}").GetInt64()}"));
        lab.Expect(ByPriority);

        static byte[] Message(byte kind, byte routerId, byte priority, byte count, byte fourth, byte fifth, byte address, int more = 0)
        {
            byte[] message = [kind, routerId, priority, count, fourth, fifth, 0, 0, 10, 9, 0, address, .. new byte[more]];
            int sum = Enumerable.Range(0, message.Length / 2).Sum(i => (message[2 * i] << 8) | message[(2 * i) + 1]);
            sum = ~((sum & 0xFFFF) + (sum >> 16));
            (message[6], message[7]) = ((byte)(sum >> 8), (byte)sum);
            return message;
        }

        static byte[] Spoilt(byte[] message, int at)
        {
            byte[] copy = [.. message];
            copy[at] ^= 1;
            return copy;
        }

        static void Send(Socket socket, byte ttl, byte[] message) =>
            socket.SendTo([0x45, 0xC0, 0, (byte)(20 + message.Length), 0, 0, 0, 0, ttl, 112, 0, 0, 10, 9, 0, 3, 224, 0, 0, 18, .. message], new IPEndPoint(IPAddress.Parse("224.0.0.18"), 0));
    }
}
