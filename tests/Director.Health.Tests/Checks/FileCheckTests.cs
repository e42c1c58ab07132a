using Director.Health.Checks;

namespace Director.Health.Tests.Checks;

public sealed class FileCheckTests : IDisposable
{
    private static readonly CheckTarget s_target = new(System.Net.IPAddress.Loopback, 0);
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"director-file-check-{Guid.NewGuid():n}");

    [Theory]
    [InlineData("0", false, true, null, "says 0")]
    [InlineData("1\n", false, false, null, "says 1")]
    [InlineData("-1", false, false, null, "says -1")]
    [InlineData(" 40 \nmore", true, true, 40, "says 40")]
    [InlineData("0", true, true, 0, "says 0")]
    [InlineData("101", true, false, null, "says 101, expected 0 to 100")]
    [InlineData("", false, false, null, "says \"\", expected a number")]
    [InlineData("up", true, false, null, "says \"up\", expected a number")]
    public async Task The_number_in_the_first_line_decides(string content, bool dynamic, bool passes, int? percent, string detail)
    {
        await File.WriteAllTextAsync(_path, content);
        var answer = await Scripted.Ask(new FileCheck(s_target, _path) { Dynamic = dynamic });
        Assert.Equal(new CheckAnswer(passes, $"{_path} {detail}") { Percent = percent }, answer);
    }

    [Fact]
    public async Task A_file_that_is_not_there_fails_and_one_without_end_is_read_to_a_bound()
    {
        Assert.Equal(CheckAnswer.Fail($"{_path} is not there"), await Scripted.Ask(new FileCheck(s_target, _path)));
        Assert.False((await Scripted.Ask(new FileCheck(s_target, "/dev/zero"))).Passed);
    }

    public void Dispose() => File.Delete(_path);
}
