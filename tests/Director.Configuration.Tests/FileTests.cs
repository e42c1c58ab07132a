using Xunit;

namespace Director.Configuration.Tests;

/// <summary>Files that cannot be read are one line.</summary>
public sealed class FileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("director-configuration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void A_missing_file_is_said()
    {
        var path = Path.Combine(_folder, "none.conf");
        Assert.Equal([$"{path}: does not exist; name a HOCON file"], ConfigurationReader.Read(path).Errors.AsEnumerable());
        Assert.Equal([$"{path}/x: does not exist; name a HOCON file"], ConfigurationReader.Read(path + "/x").Errors.AsEnumerable());
    }

    [Fact]
    public void A_directory_is_said() =>
        Assert.Equal([$"{_folder}: is a directory; name a HOCON file"], ConfigurationReader.Read(_folder).Errors.AsEnumerable());

    [Fact]
    public void A_file_that_gives_an_error_on_reading_is_said() =>
        Assert.StartsWith("/proc/self/mem: cannot be read: ", Assert.Single(ConfigurationReader.Read("/proc/self/mem").Errors), StringComparison.Ordinal);

    [Theory]
    [InlineData("")]
    [InlineData("a\0b")]
    public void A_path_that_is_none_is_said(string path) =>
        Assert.Contains("cannot be read: ", Assert.Single(ConfigurationReader.Read(path).Errors), StringComparison.Ordinal);

    [Fact]
    public void An_endless_or_too_long_file_is_said()
    {
        var path = Path.Combine(_folder, "long.conf");
        File.WriteAllText(path, new string('#', (1 << 20) + 1));
        Assert.Equal([$"{path}: is longer than 1048576 bytes; a configuration is not"], ConfigurationReader.Read(path).Errors.AsEnumerable());
        Assert.Equal(["/dev/zero: is longer than 1048576 bytes; a configuration is not"], ConfigurationReader.Read("/dev/zero").Errors.AsEnumerable());
    }

    [Fact]
    public void The_longest_file_is_read()
    {
        var path = Path.Combine(_folder, "long.conf");
        File.WriteAllText(path, new string('#', 1 << 20));
        Assert.Empty(ConfigurationReader.Read(path).Errors.AsEnumerable());
    }

    [Fact]
    public void A_file_that_is_not_UTF8_is_said()
    {
        var path = Path.Combine(_folder, "latin1.conf");
        File.WriteAllBytes(path, "director.name = \"M"u8.ToArray().Append((byte)0xfc).ToArray());
        Assert.Equal([$"{path}: is not UTF-8; save it as UTF-8"], ConfigurationReader.Read(path).Errors.AsEnumerable());
    }

    [Fact]
    public void A_byte_order_mark_is_passed_over()
    {
        var path = Path.Combine(_folder, "bom.conf");
        File.WriteAllBytes(path, [0xef, 0xbb, 0xbf, .. "director.name = a"u8]);
        Assert.Equal("a", ConfigurationReader.Read(path).Configuration!.Name);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n")]
    [InlineData("# nothing\n// at all")]
    [InlineData("{ }")]
    [InlineData("director { }")]
    public void A_file_that_says_nothing_is_the_defaults(string text)
    {
        var result = ConfigurationReader.ReadText(text);
        Assert.Empty(result.Errors);
        Assert.Empty(result.Notes);
        Assert.Null(Same.Difference(new DirectorConfiguration(), result.Configuration));
        Assert.Equal("", result.AkkaSection);
    }

    [Fact]
    public void An_empty_included_file_is_no_error()
    {
        var path = Path.Combine(_folder, "main.conf");
        File.WriteAllText(path, "include \"empty.conf\"\ndirector.name = a");
        File.WriteAllText(Path.Combine(_folder, "empty.conf"), "# nothing\n");
        Assert.Equal("a", ConfigurationReader.Read(path).Configuration!.Name);
    }
}
