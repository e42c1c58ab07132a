using System.Net;
using Director.Cluster.VirtualServices;
using Director.Forwarding;

namespace Director.Cluster.Tests.VirtualServices;

/// <summary>Parts of tables for tests.</summary>
internal static class Parts
{
    public static ServiceKey Web { get; } = ServiceKey.ForAddress(Protocol.Tcp, IPAddress.Parse("10.0.0.1"), 80);

    public static PartKey WebPart { get; } = new(Web);

    public static DateTimeOffset Noon { get; } = new(2020, 2, 29, 12, 0, 0, TimeSpan.Zero);

    public static DateTimeOffset At(int minutes) => Noon.AddMinutes(minutes);

    public static ForwardingTable Table(params VirtualServiceSpec[] services) => ForwardingTable.Empty with { Services = [.. services] };

    public static VirtualServiceSpec Service(string scheduler, params RealServerSpec[] servers) => new(Web) { Name = "www", Scheduler = scheduler, RealServers = [.. servers] };

    public static RealServerSpec Server(int number, int weight = 1) => new(new IPAddress([10, 0, 1, (byte)number]), 80) { Weight = weight };

    public static FileDefinition Definition(int minutes, params VirtualServiceSpec[] services) => new(Table(services), At(minutes));

    public static PartChange ByFile(FileDefinition definition, string director = "lb1") => new PartChange.ByFile(definition, $"the configuration of {director}");

    public static PartChange ByEdit(TableEdit edit, string director = "lb1") => new PartChange.ByEdit(edit, $"ipvsadm on {director}");

    /// <summary>What makes the content of a part comparable: immutable arrays compare by reference.</summary>
    public static string Text(TablePart part) => string.Join("; ", TableDifference.Between(ForwardingTable.Empty, part.Content));
}
