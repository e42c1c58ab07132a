using System.Net.Sockets;
using System.Security.Authentication;

namespace Director.Health;

/// <summary>One run of a check: whatever it does, an answer comes, and in time.</summary>
public static class CheckRun
{
    private const int LongestDetail = 300;

    /// <summary>
    /// Asks, and answers for a check that throws, is too late, or does not heed its cancellation. What the network and the real server can do to a check is a failure
    /// (<see cref="IOException"/>, <see cref="SocketException"/>, <see cref="AuthenticationException"/>); every other exception means that the check is broken.
    /// </summary>
    /// <param name="check">The check.</param>
    /// <param name="timeout">How long the answer may take.</param>
    /// <param name="clock">Measures that.</param>
    /// <param name="cancellation">Nobody wants the answer any more: <see cref="OperationCanceledException"/> comes instead.</param>
    public static Task<CheckAnswer> Ask(HealthCheck check, TimeSpan timeout, TimeProvider clock, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(check);
        return Ask(check.Ask, timeout, clock, cancellation);
    }

    /// <summary>The same of anything that asks.</summary>
    internal static async Task<CheckAnswer> Ask(Func<CancellationToken, Task<CheckAnswer>> ask, TimeSpan timeout, TimeProvider clock, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(timeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        // What a check does when it is called off may throw or take long, too: on a timer's thread it would end the director. Not disposed of: a check that hangs may ask it for ever.
        var calledOff = new CancellationTokenSource();
        // On the pool: a check that blocks before its first await holds up nobody.
        var asked = Task.Run(() => ask(calledOff.Token), calledOff.Token);
        try
        {
            var answer = await asked.WaitAsync(either.Token).ConfigureAwait(false);
            return answer with { Detail = Line(answer.Detail) };
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
            throw;
        }
        catch (OperationCanceledException) when (late.IsCancellationRequested)
        {
            return CheckAnswer.Fail($"no answer within {timeout.TotalSeconds:0.###} s");
        }
        catch (Exception failure) when (failure is IOException or SocketException or AuthenticationException)
        {
            return CheckAnswer.Fail(InOneLine(failure));
        }
        catch (Exception failure)
        {
            return CheckAnswer.Broken($"the check itself failed: {failure.GetType().Name}: {InOneLine(failure)}");
        }
        finally
        {
            // Here, and not by a registration: what waits above is called first, and would take the registration back before its turn.
            _ = calledOff.CancelAsync();
        }
    }

    /// <summary>Part of it comes from the real server, and goes into logs, mails, headers and environments: one line, whatever it was, and not a long one.</summary>
    private static string Line(string? detail)
    {
        var text = detail ?? "";
        if (text.Length > LongestDetail)
        {
            text = string.Concat(text.AsSpan(0, LongestDetail), "...");
        }

        return text.Any(char.IsControl) ? string.Concat(text.Select(character => char.IsControl(character) ? ' ' : character)) : text;
    }

    /// <summary>What an exception means to people, in one line.</summary>
    public static string InOneLine(Exception failure)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var cause = failure;
        while (cause is IOException or AggregateException or AuthenticationException && cause.InnerException is { } inner)
        {
            cause = inner;
        }

        var text = cause is SocketException socket ? socket.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "connection refused",
            SocketError.ConnectionReset => "connection reset",
            SocketError.HostUnreachable => "host unreachable",
            SocketError.NetworkUnreachable => "network unreachable",
            SocketError.TimedOut => "connection timed out",
            _ => cause.Message,
        }
        : cause.Message;
        return Line(text);
    }
}
