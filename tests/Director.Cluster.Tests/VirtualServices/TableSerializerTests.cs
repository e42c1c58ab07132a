using System.Collections.Immutable;
using System.Net;
using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Serialization;
using Akka.TestKit.Xunit2;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Google.Protobuf;
using Xunit;

namespace Director.Cluster.Tests.VirtualServices;

public sealed class TableSerializerTests : TestKit
{
    /// <summary>Remoting's usual limit in bytes (<c>maximum-frame-size</c>), without what Akka puts around a message.</summary>
    private const int Frame = 128_000 - 4_000;

    private static readonly TablePart Part = new(
        Parts.WebPart,
        new(3, "lb1-a", 7),
        Parts.Table(new VirtualServiceSpec(Parts.Web)
        {
            Name = "www",
            Scheduler = "sh",
            SchedulerFlags = SchedulerFlags.Fallback | SchedulerFlags.Port,
            Persistence = new(300, 24),
            OnePacket = true,
            Access = new([IPNetwork.Parse("10.0.0.0/8")], [IPNetwork.Parse("10.1.0.0/16")]),
            RealServers =
            [
                Parts.Server(1, weight: 0),
                new(IPAddress.Parse("fd00::7"), 65535)
                {
                    Method = ForwardingMethod.Tunnel, Tunnel = new(TunnelType.Gue, 5555, TunnelChecksum.Remote), Weight = 65535, UpperThreshold = int.MaxValue, LowerThreshold = 5,
                },
            ],
        }),
        Parts.Definition(4, Parts.Service("rr", Parts.Server(2))),
        "ipvsadm on lb2");

    public TableSerializerTests()
        : base($"akka.loggers = []\nakka.loglevel = ERROR\n{TableSerializer.Configuration}")
    {
    }

    public static TheoryData<string> MessageTypes => [.. typeof(ITableMessage).Assembly.GetTypes().Where(type => type.IsClass && type.IsAssignableTo(typeof(ITableMessage))).Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(MessageTypes))]
    public void Each_message_finds_the_serializer_and_comes_back_as_it_was(string type)
    {
        var messages = Messages().Where(message => message.GetType().Name == type).ToArray();
        Assert.NotEmpty(messages);
        foreach (var message in messages)
        {
            var serializer = Assert.IsType<TableSerializer>(Sys.Serialization.FindSerializerFor(message));
            var bytes = serializer.ToBinary(message);
            var manifest = serializer.Manifest(message);
            Assert.StartsWith("director-table/1 ", manifest, StringComparison.Ordinal);
            var back = Sys.Serialization.Deserialize(bytes, serializer.Identifier, manifest);
            Assert.Equal(message.GetType(), back.GetType());
            Assert.Equal(bytes, serializer.ToBinary(back));
        }
    }

    [Fact]
    public void Nothing_of_a_part_is_lost()
    {
        var back = ((PartStates)Back(new PartStates([Part]))).Parts[0];
        Assert.Equal(Part with { Content = back.Content, File = back.File }, back);
        Assert.Empty(TableDifference.Between(Part.Content, back.Content));
        Assert.Equal(Part.File.Since, back.File.Since);
        Assert.Empty(TableDifference.Between(Part.File.Content, back.File.Content));
    }

    [Fact]
    public void An_edit_comes_back_as_ipvsadm_made_it()
    {
        foreach (var edit in Edits())
        {
            var back = (ChangePart)Back(new ChangePart(Part, Parts.ByEdit(edit), "lb1-a"));
            var was = TableEditor.Apply(Part.Content, edit);
            var now = TableEditor.Apply(Part.Content, ((PartChange.ByEdit)back.Change).Edit);
            Assert.Equal(was.Error, now.Error);
            Assert.Empty(TableDifference.Between(was.Table ?? ForwardingTable.Empty, now.Table ?? ForwardingTable.Empty));
        }
    }

    [Fact]
    public void However_many_services_there_are_each_message_fits_into_a_frame()
    {
        ImmutableArray<TablePart> parts = [.. Enumerable.Range(0, 5_000).Select(number => Big(number, servers: number % 40))];
        var messages = PartStates.Cut(parts).ToArray();
        Assert.Equal(parts.AsEnumerable(), messages.SelectMany(message => message.Parts));
        Assert.All(messages, message => Assert.InRange(Serializer.ToBinary(message).Length, 1, Frame));
        Assert.InRange(messages.Length, 100, 200);
        Assert.Empty(Assert.Single(PartStates.Cut([])).Parts);
        Assert.Equal(2, PartStates.Cut([Big(1, servers: 900), Big(2, servers: 900)]).Count());

        var versions = Enumerable.Range(0, 1_000).Select(i => (Big(i, 1).Key, new PartVersion(long.MaxValue, "a-director-with-a-rather-long-name-12345678/owner", long.MaxValue)));
        Assert.InRange(Serializer.ToBinary(new KnownVersions("", "", [.. versions])).Length, 1, Frame);
    }

    [Fact]
    public void What_no_director_of_this_version_sends_is_refused_in_one_line()
    {
        var message = new GetParts([Parts.WebPart]);
        var bytes = Serializer.ToBinary(message);
        var other = Assert.Throws<SerializationException>(() => Serializer.FromBinary(bytes, "director-table/2 GetParts"));
        Assert.Contains("different versions", other.Message, StringComparison.Ordinal);
        Assert.Throws<SerializationException>(() => Serializer.FromBinary([0xff, 0xff], Serializer.Manifest(message)));
        Assert.Throws<SerializationException>(() => Serializer.FromBinary(new Director.Cluster.VirtualServices.Wire.PartStates { Parts = { new Director.Cluster.VirtualServices.Wire.Part() } }.ToByteArray(), Serializer.Manifest(new PartStates([]))));
        var random = new Random(5);
        var good = Serializer.ToBinary(new PartStates([Part]));
        for (var i = 0; i < 2_000; i++)
        {
            var bad = good.ToArray();
            bad[random.Next(bad.Length)] = (byte)random.Next(256);
            try
            {
                Serializer.FromBinary(bad, Serializer.Manifest(new PartStates([])));
            }
            catch (SerializationException)
            {
            }
        }
    }

    private TableSerializer Serializer => (TableSerializer)Sys.Serialization.FindSerializerForType(typeof(PartStates));

    private object Back(object message) => Serializer.FromBinary(Serializer.ToBinary(message), Serializer.Manifest(message));

    private static TablePart Big(int number, int servers)
    {
        var key = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse($"fd00:1111:2222:3333:4444:5555:6666:{number:x}"), 443);
        var all = Enumerable.Range(1, servers + 1).Select(i => new RealServerSpec(IPAddress.Parse($"fd00:1111:2222:3333:4444:5555:7777:{i:x}"), 8443)
        {
            Method = ForwardingMethod.Tunnel, Tunnel = new(TunnelType.Gue, 5555, TunnelChecksum.Full), Weight = 60_000, UpperThreshold = 1_000_000, LowerThreshold = 500_000,
        });
        var service = new VirtualServiceSpec(key) { Name = $"a-service-{number}", RealServers = [.. all] };
        var edited = service with { RealServers = service.RealServers.RemoveAt(0) };
        return new(new(key), new(5, "director-1-12345678", 9), Parts.Table(edited), new(Parts.Table(service), Parts.Noon), "ipvsadm on director-1");
    }

    private static IEnumerable<TableEdit> Edits() =>
    [
        new AddService(Part.Content.Services[0]), new EditService(Part.Content.Services[0] with { Scheduler = "mh" }), new DeleteService(Parts.Web),
        new AddServer(Parts.Web, Parts.Server(9)), new EditServer(Parts.Web, Parts.Server(1, 9)), new DeleteServer(Parts.Web, Parts.Server(1).Address, 80), new SetTimeouts(1, 2, 3),
    ];

    private static IEnumerable<object> Messages() =>
    [
        new ChangePart(Part, Parts.ByFile(Part.File), "lb1-a"), new ChangePart(TablePart.Missing(PartKey.Timeouts), Parts.ByEdit(new SetTimeouts(1, 2, 3)), "lb1-a"),
        new PartChanged(Part, null), new PartChanged(TablePart.Missing(Parts.WebPart), TableEditor.NoSuchService),
        new ReportPart(Parts.WebPart, Part.Version, null), new ReportPart(new(ServiceKey.ForMark(7, isIPv6: true)), PartVersion.None, (PartChange.ByFile)Parts.ByFile(Part.File)),
        new GetParts([Parts.WebPart, PartKey.Timeouts]), new PartStates([]), new PartStates([Part]), new CompareTables(ulong.MaxValue),
        new KnownVersions("FWM 1", "", [(Parts.WebPart, Part.Version)]),
    ];
}
