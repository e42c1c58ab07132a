namespace Director.Health.Tests;

public class CheckRunTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_check_that_is_late_or_no_longer_wanted_is_called_off(bool isLate)
    {
        var (begun, ended) = (new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously), new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        using var unwanted = new CancellationTokenSource();
        var asked = CheckRun.Ask(
            async cancellation =>
            {
                begun.SetResult();
                try
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, cancellation);
                    return CheckAnswer.Pass("");
                }
                finally
                {
                    ended.SetResult();
                }
            },
            isLate ? TimeSpan.FromMilliseconds(50) : TimeSpan.FromHours(1),
            TimeProvider.System,
            unwanted.Token);
        if (isLate)
        {
            Assert.Equal(CheckAnswer.Fail("no answer within 0.05 s"), await asked);
        }
        else
        {
            await begun.Task;
            await unwanted.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asked);
        }

        await ended.Task.WaitAsync(TimeSpan.FromSeconds(10));
    }
}
