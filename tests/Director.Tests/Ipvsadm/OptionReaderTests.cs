using Director.Ipvsadm;
using Xunit;

namespace Director.Tests.Ipvsadm;

public sealed class OptionReaderTests
{
    private static readonly OptionForm<char>[] Forms =
    [
        new('n', "numeric", 'n'),
        new('c', "connection", 'c'),
        new('w', "weight", 'w', ArgumentNeed.Required),
        new('p', "persistent", 'p', ArgumentNeed.Optional),
        new('s', "stats"),
    ];

    [Theory]
    [InlineData("-n -c", "n c")]
    [InlineData("-nc", "n c")]
    [InlineData("--numeric --stats", "n s")]
    [InlineData("-w 5", "w:5")]
    [InlineData("-w5", "w:5")]
    [InlineData("-w=5", "w:5")]
    [InlineData("-nw5", "n w:5")]
    [InlineData("-nw 5 -c", "n w:5 c")]
    [InlineData("--weight=5", "w:5")]
    [InlineData("--weight=", "w:")]
    [InlineData("--weight 5", "w:5")]
    [InlineData("-w -n", "w:-n")]
    [InlineData("-p", "p")]
    [InlineData("-p 300", "p:300")]
    [InlineData("-p300", "p:300")]
    [InlineData("-p -n", "p n")]
    [InlineData("--persistent --stats", "p s")]
    [InlineData("--persistent=60", "p:60")]
    [InlineData("a -n b", "n | a b")]
    [InlineData("-n -- -c --stats", "n | -c --stats")]
    [InlineData("- -n", "n | -")]
    public void An_option_is_read_as_popt_reads_it(string commandLine, string expected)
    {
        OptionReader<char> reader = new(commandLine.Split(' '), Forms);
        List<string> read = [];
        while (reader.TryRead(out char tag, out string? argument))
            read.Add(argument is null ? $"{tag}" : $"{tag}:{argument}");
        if (reader.Leftovers.Count > 0)
            read.AddRange(["|", .. reader.Leftovers]);
        Assert.Equal(expected, string.Join(' ', read));
    }

    [Theory]
    [InlineData("-z", "-z: unknown option")]
    [InlineData("-nz", "-nz: unknown option")]
    [InlineData("--num", "--num: unknown option")]
    [InlineData("-numeric", "-numeric: unknown option")]
    [InlineData("-w", "-w: missing argument")]
    [InlineData("-nw", "-nw: missing argument")]
    [InlineData("--weight", "--weight: missing argument")]
    [InlineData("--numeric=1", "--numeric=1: option does not take an argument")]
    [InlineData("-n=1", "-n=1: option does not take an argument")]
    public void An_option_that_cannot_be_read_is_named_with_its_whole_element(string commandLine, string expected)
    {
        OptionReader<char> reader = new(commandLine.Split(' '), Forms);
        UnreadableOptionException failure = Assert.Throws<UnreadableOptionException>(() =>
        {
            while (reader.TryRead(out _, out _))
            {
            }
        });
        Assert.Equal(expected, failure.Message);
    }
}
