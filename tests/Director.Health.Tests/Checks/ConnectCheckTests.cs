using System.Net;
using System.Net.Sockets;
using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public class ConnectCheckTests
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_port_that_listens_passes_and_one_that_does_not_is_refused()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var target = new CheckTarget(IPAddress.Loopback, (ushort)((IPEndPoint)listener.LocalEndpoint).Port);
        Assert.Equal(CheckAnswer.Pass("connected"), await CheckRun.Ask(new ConnectCheck(target), s_timeout, TimeProvider.System, default));
        listener.Stop();
        Assert.Equal(CheckAnswer.Fail("connection refused"), await CheckRun.Ask(new ConnectCheck(target), s_timeout, TimeProvider.System, default));
    }

    [Fact]
    public async Task Source_address_and_interface_are_those_that_were_asked_for()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var target = new CheckTarget(IPAddress.Loopback, (ushort)((IPEndPoint)listener.LocalEndpoint).Port) { Source = IPAddress.Parse("127.0.0.9"), Interface = "lo" };
        Assert.True((await CheckRun.Ask(new ConnectCheck(target), s_timeout, TimeProvider.System, default)).Passed);
        using var accepted = await listener.AcceptSocketAsync();
        Assert.Equal("127.0.0.9", ((IPEndPoint)accepted.RemoteEndPoint!).Address.ToString());
        var answer = await CheckRun.Ask(new ConnectCheck(target with { Interface = "nothere0" }), s_timeout, TimeProvider.System, default);
        Assert.Equal(CheckAnswer.Fail("interface nothere0 is not there or may not be used"), answer);
    }
}
