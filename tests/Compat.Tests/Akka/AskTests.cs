using Akka.Actor;
using Xunit;

namespace Compat.Tests.Akka;

public sealed class AskTests : QuietTestKit
{
    private readonly IActorRef _answering;

    public AskTests() => _answering = Sys.ActorOf(Props.Create(() => new Answering()));

    [Fact]
    public async Task The_first_message_back_is_the_answer() => Assert.Equal("hello", await _answering.Ask<string>("hello", Patience));

    [Fact]
    public async Task Nobody_answers_in_time() => await Assert.ThrowsAsync<AskTimeoutException>(() => _answering.Ask<string>("silence", TimeSpan.FromMilliseconds(50)));

    [Fact]
    public async Task A_failure_that_is_answered_is_thrown()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => _answering.Ask<string>("fail", Patience));
        Assert.Equal("no", failure.Message);
    }

    [Fact]
    public async Task An_answer_of_another_type_is_an_error()
    {
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => _answering.Ask<int>("hello", Patience));
        Assert.IsNotType<AskTimeoutException>(failure);
    }

    [Fact]
    public async Task Asking_can_be_cancelled()
    {
        using var source = new CancellationTokenSource();
        var answer = _answering.Ask<string>("silence", Patience, source.Token);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => answer);
    }

    [Fact]
    public async Task Many_threads_may_ask_and_wait()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(number => Task.Run(() => _answering.Ask<int>(number, Patience))));
        Assert.Equal(Enumerable.Range(0, 200), answers);
    }

    [Fact]
    public void A_thread_that_waits_for_its_answer_does_not_stand_in_the_way()
    {
        var answers = new int[16];
        var threads = Enumerable.Range(0, answers.Length).Select(number => new Thread(() => answers[number] = _answering.Ask<int>(number + 1, Patience).GetAwaiter().GetResult())).ToArray();
        foreach (var thread in threads)
        {
            thread.Start();
        }

        Assert.All(threads, thread => Assert.True(thread.Join(Patience)));
        Assert.Equal(Enumerable.Range(1, answers.Length), answers);
    }

    [Fact]
    public void A_task_is_piped_to_an_actor()
    {
        Task.FromResult(5).PipeTo(TestActor);
        ExpectMsg(5);
        Task.FromResult(5).PipeTo(TestActor, success: number => $"got {number}");
        ExpectMsg("got 5");
        Task.FromException<int>(new InvalidOperationException("no")).PipeTo(TestActor);
        Assert.Contains("no", ExpectMsg<Status.Failure>().Cause.Message, StringComparison.Ordinal);
        Task.FromException(new InvalidOperationException("no")).PipeTo(TestActor, failure: cause => cause.Message);
        ExpectMsg("no");
    }

    private sealed class Answering : ReceiveActor
    {
        public Answering()
        {
            Receive<string>(text => text == "silence", _ => { });
            Receive<string>(text => text == "fail", _ => Sender.Tell(new Status.Failure(new InvalidOperationException("no"))));
            ReceiveAny(message => Sender.Tell(message));
        }
    }
}
