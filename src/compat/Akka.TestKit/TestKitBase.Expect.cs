using Akka.Actor;

namespace Akka.TestKit;

/// <summary>What is expected of the messages that the test actor receives.</summary>
public abstract partial class TestKitBase
{
    public T ExpectMsg<T>(TimeSpan? duration = null, string hint = null, CancellationToken cancellationToken = default) =>
        Expect<T>(RemainingOrDilated(duration), hint, cancellationToken, (_, _) => { });

    public T ExpectMsg<T>(T message, TimeSpan? timeout = null, string hint = null, CancellationToken cancellationToken = default) =>
        Expect<T>(RemainingOrDilated(timeout), hint, cancellationToken, (actual, _) => _assertions.AssertEqual(message, actual, hint ?? ""));

    public T ExpectMsg<T>(Predicate<T> isMessage, TimeSpan? timeout = null, string hint = null, CancellationToken cancellationToken = default) =>
        Expect<T>(RemainingOrDilated(timeout), hint, cancellationToken, (actual, _) => _assertions.AssertTrue(isMessage(actual), Text($"Got a message of the expected type <{typeof(T)}>, {actual}, but it did not match. {hint}")));

    public T ExpectMsg<T>(Action<T> assert, TimeSpan? timeout = null, string hint = null, CancellationToken cancellationToken = default) =>
        Expect<T>(RemainingOrDilated(timeout), hint, cancellationToken, (actual, _) => assert(actual));

    public T ExpectMsg<T>(Func<T, IActorRef, bool> isMessageAndSender, TimeSpan? timeout = null, string hint = null, CancellationToken cancellationToken = default) =>
        Expect<T>(RemainingOrDilated(timeout), hint, cancellationToken, (actual, sender) => _assertions.AssertTrue(isMessageAndSender(actual, sender), Text($"{actual} from {sender} did not match. {hint}")));

    public T ExpectMsg<T>(Action<T, IActorRef> assertMessageAndSender, TimeSpan? timeout = null, string hint = null, CancellationToken cancellationToken = default) =>
        Expect(RemainingOrDilated(timeout), hint, cancellationToken, assertMessageAndSender);

    public T ExpectMsg<T>(T expected, Func<T, T, bool> comparer, TimeSpan? timeout = null, string hint = null, CancellationToken cancellationToken = default) =>
        Expect<T>(RemainingOrDilated(timeout), hint, cancellationToken, (actual, _) => _assertions.AssertEqual(expected, actual, comparer, hint ?? ""));

    public T ExpectMsgFrom<T>(IActorRef sender, TimeSpan? duration = null, string hint = null, CancellationToken cancellationToken = default) =>
        Expect<T>(RemainingOrDilated(duration), hint, cancellationToken, (_, actual) => _assertions.AssertEqual(sender, actual, hint ?? ""));

    public T ExpectMsgFrom<T>(IActorRef sender, T message, TimeSpan? timeout = null, string hint = null, CancellationToken cancellationToken = default) =>
        Expect<T>(RemainingOrDilated(timeout), hint, cancellationToken, (actual, actualSender) =>
        {
            _assertions.AssertEqual(sender, actualSender, hint ?? "");
            _assertions.AssertEqual(message, actual, hint ?? "");
        });

    public Terminated ExpectTerminated(IActorRef target, TimeSpan? timeout = null, string hint = null, CancellationToken cancellationToken = default) =>
        Expect<Terminated>(RemainingOrDilated(timeout), hint ?? $"Terminated of {target}", cancellationToken, (terminated, _) => _assertions.AssertEqual(target, terminated.ActorRef, hint ?? ""));

    public void ExpectNoMsg(CancellationToken cancellationToken = default) => ExpectNone(RemainingOrDefault, cancellationToken);

    public void ExpectNoMsg(TimeSpan duration, CancellationToken cancellationToken = default) => ExpectNone(Dilated(duration), cancellationToken);

    public void ExpectNoMsg(int milliseconds, CancellationToken cancellationToken = default) =>
        ExpectNone(Dilated(TimeSpan.FromMilliseconds(milliseconds)), cancellationToken);

    public IReadOnlyCollection<T> ExpectMsgAllOf<T>(params T[] messages) => ExpectMsgAllOf(RemainingOrDefault, messages);

    public IReadOnlyCollection<T> ExpectMsgAllOf<T>(TimeSpan max, params T[] messages)
    {
        var end = DateTime.UtcNow + Dilated(max);
        var missing = messages.ToList();
        var received = new List<T>();
        while (missing.Count > 0)
        {
            received.Add(Expect<T>(Max(end - DateTime.UtcNow, TimeSpan.Zero), null, default, (actual, _) =>
                _assertions.AssertTrue(missing.Remove(actual), Text($"{actual} is none of the expected messages"))));
        }

        return received;
    }

    public object FishForMessage(Predicate<object> isMessage, TimeSpan? max = null, string hint = "", CancellationToken cancellationToken = default) =>
        FishForMessage<object>(isMessage, max, hint, cancellationToken);

    public T FishForMessage<T>(Predicate<T> isMessage, TimeSpan? max = null, string hint = "", CancellationToken cancellationToken = default)
    {
        var end = DateTime.UtcNow + RemainingOrDilated(max);
        while (true)
        {
            if (!Take(Max(end - DateTime.UtcNow, TimeSpan.Zero), cancellationToken))
            {
                _assertions.Fail(Text($"Timeout during fishForMessage, hint: {hint}"));
            }

            if (_last.Message is T message && isMessage(message))
            {
                return message;
            }
        }
    }

    public object ReceiveOne(TimeSpan? max = null, CancellationToken cancellationToken = default) =>
        Take(RemainingOrDilated(max), cancellationToken) ? _last.Message : null;

    public IReadOnlyCollection<object> ReceiveN(int numberOfMessages, CancellationToken cancellationToken = default) =>
        Receive(numberOfMessages, RemainingOrDefault, cancellationToken);

    public IReadOnlyCollection<object> ReceiveN(int numberOfMessages, TimeSpan max, CancellationToken cancellationToken = default) =>
        Receive(numberOfMessages, Dilated(max), cancellationToken);

    public void Within(TimeSpan max, Action action, TimeSpan? epsilonValue = null, CancellationToken cancellationToken = default) =>
        Within(TimeSpan.Zero, max, action, null, epsilonValue, cancellationToken);

    public void Within(TimeSpan min, TimeSpan max, Action action, string hint = null, TimeSpan? epsilonValue = null, CancellationToken cancellationToken = default)
    {
        var start = DateTime.UtcNow;
        var outer = _end;
        var limit = Min(Dilated(max), outer is { } end ? end - start : TimeSpan.MaxValue);
        _end = start + limit;
        try
        {
            action();
        }
        finally
        {
            _end = outer;
        }

        var took = DateTime.UtcNow - start;
        _assertions.AssertTrue(took >= min, Text($"Block took {took}, should have at least been {min}. {hint}"));
        _assertions.AssertTrue(took <= limit + epsilonValue.GetValueOrDefault(), Text($"Block took {took}, exceeding {limit}. {hint}"));
    }

    public void AwaitCondition(Func<bool> conditionIsFulfilled, CancellationToken cancellationToken = default) =>
        AwaitCondition(conditionIsFulfilled, null, null, null, cancellationToken);

    public void AwaitCondition(Func<bool> conditionIsFulfilled, TimeSpan? max, CancellationToken cancellationToken = default) =>
        AwaitCondition(conditionIsFulfilled, max, null, null, cancellationToken);

    public void AwaitCondition(Func<bool> conditionIsFulfilled, TimeSpan? max, string message, CancellationToken cancellationToken = default) =>
        AwaitCondition(conditionIsFulfilled, max, null, message, cancellationToken);

    public void AwaitCondition(Func<bool> conditionIsFulfilled, TimeSpan? max, TimeSpan? interval, string message = null, CancellationToken cancellationToken = default)
    {
        var limit = RemainingOrDilated(max);
        var end = DateTime.UtcNow + limit;
        while (!conditionIsFulfilled())
        {
            _assertions.AssertTrue(DateTime.UtcNow < end, Text($"Timeout {limit} expired while waiting for condition. {message}"));
            Pause(interval, cancellationToken);
        }
    }

    public void AwaitAssert(Action assertion, TimeSpan? duration = null, TimeSpan? interval = null, CancellationToken cancellationToken = default)
    {
        var end = DateTime.UtcNow + RemainingOrDilated(duration);
        while (true)
        {
            try
            {
                assertion();
                return;
            }
            catch when (DateTime.UtcNow < end)
            {
                Pause(interval, cancellationToken);
            }
        }
    }

    private static void Pause(TimeSpan? interval, CancellationToken cancellationToken) =>
        cancellationToken.WaitHandle.WaitOne(interval ?? TimeSpan.FromMilliseconds(20));

    /// <summary>Braces are not to be read as a format.</summary>
    private static string Text(string text) => text.Replace("{", "{{", StringComparison.Ordinal).Replace("}", "}}", StringComparison.Ordinal);

    private bool Take(TimeSpan timeout, CancellationToken cancellationToken)
    {
        var taken = _queue.TryTake(out var received, (int)Math.Min(timeout.TotalMilliseconds, int.MaxValue), cancellationToken);
        _last = taken ? received : default;
        return taken;
    }

    private T Expect<T>(TimeSpan timeout, string hint, CancellationToken cancellationToken, Action<T, IActorRef> assert)
    {
        if (!Take(timeout, cancellationToken))
        {
            _assertions.Fail(Text($"Failed: Timeout {timeout} while waiting for a message of type {typeof(T)} {hint}"));
        }

        if (_last.Message is not T message)
        {
            _assertions.Fail(Text($"Failed: Expected a message of type {typeof(T)}, but received {{{_last.Message}}} (type {_last.Message.GetType()}) instead {hint} from {_last.Sender}"));
            throw new InvalidOperationException("Fail returned");
        }

        assert(message, _last.Sender);
        return message;
    }

    private void ExpectNone(TimeSpan duration, CancellationToken cancellationToken)
    {
        if (Take(duration, cancellationToken))
        {
            _assertions.Fail(Text($"Failed: Expected no messages during {duration}, instead we received {_last.Message} from {_last.Sender}"));
        }
    }

    private List<object> Receive(int count, TimeSpan max, CancellationToken cancellationToken)
    {
        var end = DateTime.UtcNow + max;
        var messages = new List<object>();
        while (messages.Count < count)
        {
            _assertions.AssertTrue(Take(Max(end - DateTime.UtcNow, TimeSpan.Zero), cancellationToken), Text($"Timeout ({max}) while expecting {count} messages. Only got {messages.Count} after {max}."));
            messages.Add(_last.Message);
        }

        return messages;
    }
}
