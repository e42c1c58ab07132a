using Akka.Configuration;
using Xunit;

namespace Compat.Tests.Akka;

public sealed class ConfigTests
{
    private static readonly Config Sample = ConfigurationFactory.ParseString(
        """
        # a comment
        a {
          b.c = 5
          text = some words
          list = [one, "two", 3]
          quoted = "a \"b\"\tc"
          "key.with.dots" = on
          off = off
          wait = 1500ms
          long = 2 m
          ever = infinite
          size = 128000b
          half = 0.5
          block { x = 1 }
          block { y = 2 }
          block.x = 3
        }
        """);

    [Fact]
    public void Values_are_read_by_type()
    {
        Assert.Equal(5, Sample.GetInt("a.b.c"));
        Assert.Equal("some words", Sample.GetString("a.text"));
        Assert.Equal("a \"b\"\tc", Sample.GetString("a.quoted"));
        Assert.Equal(["one", "two", "3"], Sample.GetStringList("a.list"));
        Assert.True(Sample.GetBoolean("a.\"key.with.dots\""));
        Assert.False(Sample.GetBoolean("a.off", true));
        Assert.Equal(TimeSpan.FromMilliseconds(1500), Sample.GetTimeSpan("a.wait"));
        Assert.Equal(TimeSpan.FromMinutes(2), Sample.GetTimeSpan("a.long"));
        Assert.Equal(Timeout.InfiniteTimeSpan, Sample.GetTimeSpan("a.ever"));
        Assert.Equal(128_000, Sample.GetByteSize("a.size"));
        Assert.Equal(0.5, Sample.GetDouble("a.half"));
    }

    [Fact]
    public void Objects_merge_and_later_values_win()
    {
        Assert.Equal(3, Sample.GetInt("a.block.x"));
        Assert.Equal(2, Sample.GetInt("a.block.y"));
    }

    [Fact]
    public void What_is_not_there_has_the_given_default()
    {
        Assert.False(Sample.HasPath("a.nothing"));
        Assert.Equal(7, Sample.GetInt("a.nothing", 7));
        Assert.Equal("x", Sample.GetString("nothing", "x"));
        Assert.Null(Sample.GetString("nothing"));
        Assert.Equal(TimeSpan.FromSeconds(1), Sample.GetTimeSpan("nothing", TimeSpan.FromSeconds(1)));
    }

    [Fact]
    public void A_fallback_gives_what_is_missing()
    {
        var config = ConfigurationFactory.ParseString("a { b.c = 6 }").WithFallback(Sample);
        Assert.Equal(6, config.GetInt("a.b.c"));
        Assert.Equal("some words", config.GetString("a.text"));
        Assert.Equal(6, config.GetConfig("a").GetInt("b.c"));
    }

    [Fact]
    public void Everything_quoted_is_read_as_it_was_written()
    {
        var config = ConfigurationFactory.ParseString("akka {\"loglevel\" = \"DEBUG\"\n\"a-b\" {\"c.d\" = \"1 \\\\ 2\"\n}\n\"list\" = [\"x\",\"y\"]\n}");
        Assert.Equal("DEBUG", config.GetString("akka.loglevel"));
        Assert.Equal("1 \\ 2", config.GetString("akka.a-b.\"c.d\""));
        Assert.Equal(["x", "y"], config.GetStringList("akka.list"));
    }
}
