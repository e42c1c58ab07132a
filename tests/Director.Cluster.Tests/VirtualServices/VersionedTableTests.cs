using System.Net;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.VirtualServices;

public sealed class VersionedTableTests
{
    [Fact]
    public void A_later_state_is_taken_over_and_an_earlier_one_is_not()
    {
        var versions = new VersionedTable("lb1", Parts.Table(Parts.Service("rr")), Parts.Noon);
        Assert.True(versions.Merge(State(2, "x", "wlc")));
        Assert.False(versions.Merge(State(2, "x", "sh")));
        Assert.False(versions.Merge(State(1, "y", "sh")));
        Assert.Equal("wlc", versions.Part(Parts.WebPart).Content.Services[0].Scheduler);
    }

    [Fact]
    public void A_later_state_of_the_same_content_keeps_the_objects_that_are_there()
    {
        var versions = new VersionedTable("lb1", Parts.Table(Parts.Service("rr", Parts.Server(1))), Parts.Noon);
        Assert.True(versions.Merge(new(Parts.WebPart, new(1, "x", 1), Parts.Table(Parts.Service("rr", Parts.Server(1))), Parts.Definition(0, Parts.Service("rr", Parts.Server(1))), "")));
        Assert.Same(versions.File.Services[0], versions.Part(Parts.WebPart).Content.Services[0]);
        Assert.Equal(1, versions.Part(Parts.WebPart).Version.Number);
    }

    [Fact]
    public void Parts_go_into_a_table_where_their_services_are_and_new_ones_at_its_end()
    {
        var other = new VirtualServiceSpec(ServiceKey.ForMark(1));
        var third = new VirtualServiceSpec(ServiceKey.ForMark(2));
        var versions = new VersionedTable("lb1", Parts.Table(Parts.Service("rr"), other), Parts.Noon);
        versions.Merge(State(1, "x", "wlc"));
        versions.Merge(new TablePart(new(third.Key), new(1, "x", 1), Parts.Table(third), Parts.Definition(0), ""));
        versions.Merge(new TablePart(PartKey.Timeouts, new(1, "x", 1), ForwardingTable.Empty with { Timeouts = new(1, 2, 3) }, Parts.Definition(0), ""));
        var table = versions.Into(versions.File with { Masquerade = [new(IPNetwork.Parse("10.0.0.0/8"), IPAddress.Loopback)] }, [Parts.WebPart, new(third.Key), PartKey.Timeouts]);
        Assert.Equal([Parts.Web, other.Key, third.Key], table.Services.Select(service => service.Key));
        Assert.Equal("wlc", table.Services[0].Scheduler);
        Assert.Equal(new Timeouts(1, 2, 3), table.Timeouts);
        Assert.Single(table.Masquerade);
        versions.Merge(new TablePart(Parts.WebPart, new(2, "x", 1), ForwardingTable.Empty, Parts.Definition(0), ""));
        Assert.Equal([other.Key, third.Key], versions.Into(table, [Parts.WebPart]).Services.Select(service => service.Key));
    }

    [Fact]
    public void A_changed_file_gives_the_parts_that_it_changes()
    {
        var versions = new VersionedTable("lb1", Parts.Table(Parts.Service("rr"), new VirtualServiceSpec(ServiceKey.ForMark(1))), Parts.Noon);
        var changed = versions.SetFile(Parts.Table(new VirtualServiceSpec(ServiceKey.ForMark(1)), new VirtualServiceSpec(ServiceKey.ForMark(2))), Parts.At(5));
        Assert.Equal(["TCP 10.0.0.1:80", "FWM 2"], changed.Select(one => one.Key.ToString()));
        Assert.Empty(changed[0].Definition.Content.Services);
        Assert.Equal(Parts.At(5), versions.Definition(Parts.WebPart)?.Since);
        Assert.Equal(Parts.Noon, versions.Definition(new(ServiceKey.ForMark(1)))?.Since);
    }

    [Fact]
    public void Directors_that_exchange_what_the_other_lacks_know_the_same_in_the_end()
    {
        var random = new Random(20261123);
        for (var run = 0; run < 200; run++)
        {
            VersionedTable[] directors = [new("lb1", ForwardingTable.Empty, Parts.Noon), new("lb2", ForwardingTable.Empty, Parts.Noon)];
            for (var i = 0; i < 30; i++)
            {
                var key = ServiceKey.ForMark((uint)random.Next(1, 20));
                var owner = random.Next(2) == 0 ? "a" : "b";
                var content = random.Next(3) == 0 ? ForwardingTable.Empty : Parts.Table(new VirtualServiceSpec(key) { Name = $"{run}-{i}" });
                directors[random.Next(2)].Merge(new TablePart(new(key), new(random.Next(1, 4), owner, i + 1), content, Parts.Definition(0), ""));
            }

            Exchange(directors[0], directors[1]);
            Assert.Equal(directors[0].Digest(), directors[1].Digest());
            Assert.Equal(Contents(directors[0]), Contents(directors[1]));
        }
    }

    [Fact]
    public void What_no_owner_has_spoken_of_is_not_exchanged()
    {
        var versions = new VersionedTable("lb1", Parts.Table(Parts.Service("rr")), Parts.Noon);
        Assert.Equal(new VersionedTable("lb2", ForwardingTable.Empty, Parts.Noon).Digest(), versions.Digest());
        Assert.Empty(versions.Compare(new KnownVersions("", "", [])).ToSend);
        Assert.Empty(Assert.Single(versions.Versions(10)).Versions);
    }

    private static void Exchange(VersionedTable left, VersionedTable right)
    {
        foreach (var piece in left.Versions(most: 3).ToArray())
        {
            var (toSend, toAsk) = right.Compare(piece);
            foreach (var part in toAsk.Select(left.Part).ToArray())
            {
                Assert.True(right.Merge(part));
            }

            foreach (var part in toSend)
            {
                Assert.True(left.Merge(part));
            }
        }
    }

    private static IEnumerable<string> Contents(VersionedTable versions) =>
        versions.Parts.Where(part => part.Version.IsOwned).Select(part => $"{part.Key} {part.Version} {Parts.Text(part)}").Order(StringComparer.Ordinal);

    private static TablePart State(long epoch, string owner, string scheduler) =>
        new(Parts.WebPart, new(epoch, owner, 1), Parts.Table(Parts.Service(scheduler)), Parts.Definition(0), "");
}
