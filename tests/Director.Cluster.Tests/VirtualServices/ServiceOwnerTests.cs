using Director.Cluster.VirtualServices;
using Director.Forwarding;
using Xunit;

namespace Director.Cluster.Tests.VirtualServices;

public sealed class ServiceOwnerTests
{
    private readonly ServiceOwner _owner = new(Parts.WebPart, "lb1-a/owner");

    [Fact]
    public void A_service_of_a_file_comes_into_force_once()
    {
        var report = new ReportPart(Parts.WebPart, PartVersion.None, (PartChange.ByFile)Parts.ByFile(Parts.Definition(0, Parts.Service("rr"))));
        Assert.Equal(new ServiceOwner.ReportResponse(IsChanged: true, IsBehind: false, IsReporterBehind: true), _owner.Report(report));
        Assert.Equal(new ServiceOwner.ReportResponse(IsChanged: false, IsBehind: false, IsReporterBehind: true), _owner.Report(report));
        Assert.Equal(default, _owner.Report(new(Parts.WebPart, _owner.Part.Version, null)));
    }

    [Fact]
    public void A_reporter_with_a_later_state_is_to_be_asked_for_it() =>
        Assert.Equal(new ServiceOwner.ReportResponse(IsChanged: false, IsBehind: true, IsReporterBehind: false), _owner.Report(new(Parts.WebPart, new(7, "lb2-b", 1), null)));

    [Fact]
    public void A_new_owner_builds_on_what_the_asker_knows()
    {
        var known = Known(5, "lb2-b", "wlc");
        var (answer, isChanged) = _owner.Change(new(known, Parts.ByEdit(new AddServer(Parts.Web, Parts.Server(1))), "lb1-a"), Parts.Noon);
        Assert.True(isChanged);
        Assert.Null(answer.Error);
        Assert.Equal(new PartVersion(6, "lb1-a/owner", 1), answer.Part.Version);
        Assert.Equal("wlc", answer.Part.Content.Services[0].Scheduler);
        Assert.Single(answer.Part.Content.Services[0].RealServers);
    }

    [Fact]
    public void A_refused_change_is_answered_with_the_state_in_force()
    {
        _owner.Learn(Known(5, "lb2-b", "wlc"));
        var (answer, isChanged) = _owner.Change(new(Known(1, "lb1-a", "rr"), Parts.ByEdit(new AddService(new(Parts.Web))), "lb1-a"), Parts.Noon);
        Assert.False(isChanged);
        Assert.Equal(EditErrno.Exists, answer.Error?.Errno);
        Assert.Equal(new PartVersion(5, "lb2-b", 1), answer.Part.Version);
    }

    [Fact]
    public void A_request_that_its_asker_gave_up_is_not_carried_out_again()
    {
        var before = Known(5, "lb2-b", "wlc");
        var request = new ChangePart(before, Parts.ByEdit(new DeleteServer(Parts.Web, Parts.Server(1).Address, 80)), "lb1-a");
        _owner.Learn(before with { Version = before.Version.Next("lb1-a") });
        var (answer, isChanged) = _owner.Change(request, Parts.Noon);
        Assert.False(isChanged);
        Assert.Null(answer.Error);
        Assert.Equal(new PartVersion(6, "lb1-a", 1), answer.Part.Version);
    }

    [Fact]
    public void Of_unowned_states_the_one_of_the_youngest_file_counts()
    {
        _owner.Learn(TablePart.FromFile(Parts.WebPart, Parts.Definition(1, Parts.Service("rr"))));
        _owner.Learn(TablePart.FromFile(Parts.WebPart, Parts.Definition(0, Parts.Service("wlc"))));
        Assert.Equal("rr", _owner.Part.Content.Services[0].Scheduler);
    }

    private static TablePart Known(long epoch, string owner, string scheduler) =>
        new(Parts.WebPart, new(epoch, owner, 1), Parts.Table(Parts.Service(scheduler)), Parts.Definition(0, Parts.Service(scheduler)), "");
}
