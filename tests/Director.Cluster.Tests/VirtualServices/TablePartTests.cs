using System.Net;
using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.VirtualServices;

public sealed class TablePartTests
{
    private static readonly TablePart Filed = TablePart.Missing(Parts.WebPart)
        .Apply(Parts.ByFile(Parts.Definition(0, Parts.Service("rr", Parts.Server(1), Parts.Server(2)))), "lb1-a", Parts.Noon).Part;

    [Fact]
    public void The_first_word_of_a_file_is_taken_over_whole()
    {
        Assert.Equal(new PartVersion(1, "lb1-a", 1), Filed.Version);
        Assert.Equal(["10.0.1.1", "10.0.1.2"], Servers(Filed));
        Assert.Equal("the configuration of lb1", Filed.By);
    }

    [Fact]
    public void An_older_or_equally_old_word_of_another_file_changes_nothing()
    {
        foreach (var minutes in new[] { -1, 0 })
        {
            var (part, error) = Filed.Apply(Parts.ByFile(Parts.Definition(minutes, Parts.Service("wlc")), "lb2"), "lb2-b", Parts.Noon);
            Assert.Null(error);
            Assert.Same(Filed, part);
        }
    }

    [Fact]
    public void A_younger_word_that_says_the_same_changes_nothing() =>
        Assert.Same(Filed, Filed.Apply(Parts.ByFile(Parts.Definition(1, Parts.Service("rr", Parts.Server(1), Parts.Server(2)))), "lb2-b", Parts.Noon).Part);

    [Fact]
    public void A_younger_word_changes_what_it_changes_in_the_file_and_leaves_what_ipvsadm_changed()
    {
        var edited = Filed.Apply(Parts.ByEdit(new EditServer(Parts.Web, Parts.Server(1, weight: 7))), "lb1-a", Parts.Noon).Part;
        var changed = edited.Apply(Parts.ByFile(Parts.Definition(1, Parts.Service("rr", Parts.Server(1), Parts.Server(3))), "lb2"), "lb2-b", Parts.Noon).Part;
        Assert.Equal(new PartVersion(2, "lb2-b", 1), changed.Version);
        Assert.Equal(["10.0.1.1", "10.0.1.3"], Servers(changed));
        Assert.Equal(7, changed.Content.Services[0].RealServers[0].Weight);
    }

    [Fact]
    public void A_service_that_a_younger_file_lacks_is_gone_and_an_older_file_does_not_bring_it_back()
    {
        var removed = Filed.Apply(Parts.ByFile(Parts.Definition(2)), "lb1-a", Parts.Noon).Part;
        Assert.Empty(removed.Content.Services);
        Assert.Equal(new PartVersion(1, "lb1-a", 2), removed.Version);
        Assert.Same(removed, removed.Apply(Parts.ByFile(Parts.Definition(1, Parts.Service("rr"))), "lb2-b", Parts.Noon).Part);
        Assert.Single(removed.Apply(Parts.ByFile(Parts.Definition(3, Parts.Service("rr"))), "lb2-b", Parts.Noon).Part.Content.Services);
    }

    [Fact]
    public void What_ipvsadm_made_stands_against_an_older_file_and_yields_to_a_younger_one()
    {
        var made = TablePart.Missing(Parts.WebPart).Apply(Parts.ByEdit(new AddService(new(Parts.Web) { Scheduler = "sh" })), "lb1-a", Parts.Noon).Part;
        Assert.Same(made, made.Apply(Parts.ByFile(Parts.Definition(-1, Parts.Service("rr"))), "lb2-b", Parts.At(9)).Part);
        Assert.Equal("rr", made.Apply(Parts.ByFile(Parts.Definition(1, Parts.Service("rr"))), "lb2-b", Parts.At(9)).Part.Content.Services[0].Scheduler);
    }

    [Fact]
    public void A_refused_edit_changes_nothing_and_says_what_ipvsadm_says()
    {
        var (part, error) = Filed.Apply(Parts.ByEdit(new AddServer(Parts.Web, Parts.Server(1))), "lb2-b", Parts.Noon);
        Assert.Same(Filed, part);
        Assert.Equal("Destination already exists", error?.Text);
        Assert.Equal("Service not defined", TablePart.Missing(Parts.WebPart).Apply(Parts.ByEdit(new AddServer(Parts.Web, Parts.Server(1))), "lb2-b", Parts.Noon).Error?.Text);
    }

    [Fact]
    public void Timeouts_are_a_part_too()
    {
        var part = TablePart.Missing(PartKey.Timeouts).Apply(Parts.ByEdit(new SetTimeouts(60, 0, 0)), "lb1-a", Parts.Noon).Part;
        Assert.Equal(new Timeouts(60, 120, 300), part.Content.Timeouts);
    }

    [Fact]
    public void Versions_are_in_one_order_epoch_then_owner_then_number()
    {
        PartVersion[] sorted = [PartVersion.None, new(1, "a", 1), new(1, "a", 2), new(1, "b", 1), new(2, "a", 1)];
        foreach (var (left, i) in sorted.Select((version, i) => (version, i)))
        {
            foreach (var (right, j) in sorted.Select((version, j) => (version, j)))
            {
                Assert.Equal(i > j, left > right);
                Assert.Equal(i < j, left < right);
            }
        }

        Assert.Equal(new PartVersion(1, "a", 3), sorted[2].Next("a"));
        Assert.Equal(new PartVersion(2, "c", 1), sorted[2].Next("c"));
    }

    private static IEnumerable<string> Servers(TablePart part) => part.Content.Services.Single().RealServers.Select(server => server.Address.ToString());
}
