using Akka.Actor;
using Xunit;

namespace Compat.Tests.AkkaRemote;

public sealed class KilledProcessTests : RemoteTestKit
{
    [Theory]
    [InlineData("1500ms", "it is missed before it comes back")]
    [InlineData("60s", "it comes back before it is missed")]
    public async Task A_killed_process_ends_its_actors_once_and_its_successor_is_reached(string pause, string why)
    {
        var observer = Another("observer", $"akka.remote.watch-failure-detector.acceptable-heartbeat-pause = {pause}");
        var probe = CreateTestProbe(observer);
        using var first = await EchoProcess.Start(0, TimeSpan.FromSeconds(60));
        var path = new RootActorPath(first.Address) / "user" / "echo";
        var echo = await observer.ActorSelection(path).ResolveOne(Patience);
        probe.Watch(echo);
        await echo.Ask<string>("there?", Patience);
        await first.Kill();
        if (pause != "60s")
        {
            probe.ExpectTerminated(echo, TimeSpan.FromSeconds(30), why);
        }

        using var second = await EchoProcess.Start(first.Address.Port!.Value, TimeSpan.FromSeconds(60));
        Assert.Equal(first.Address, second.Address);
        if (pause == "60s")
        {
            probe.ExpectTerminated(echo, TimeSpan.FromSeconds(30), why);
        }

        IActorRef? successor = null;
        AwaitAssert(() => successor = Find(observer, path), TimeSpan.FromSeconds(30));
        Assert.NotEqual(echo, successor);
        Assert.Equal("again", await successor!.Ask<string>("again", Patience));
        probe.ExpectNoMsg(Moment);
    }

    private static IActorRef Find(ActorSystem system, ActorPath path) => system.ActorSelection(path).ResolveOne(TimeSpan.FromSeconds(1)).GetAwaiter().GetResult();
}
