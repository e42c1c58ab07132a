using Director.Configuration.Import.Writing;
using Xunit;

namespace Director.Configuration.Tests.Import.Writing;

/// <summary>How an import writes its sections.</summary>
public sealed class WrittenSectionTests
{
    private static readonly Director.Configuration.Documents.Location s_at = new("f", 1);

    [Fact]
    public void What_most_elements_say_stands_in_the_section_if_all_say_something()
    {
        var section = new WrittenSection(s_at);
        foreach (var (port, forwarding) in new[] { (80, "direct"), (81, "nat"), (82, "nat") })
        {
            var item = section.Item("real-servers", s_at);
            item.Text("address", $"10.0.0.1:{port}", s_at);
            item.Bare("forwarding", forwarding, s_at);
            if (port != 82)
            {
                item.Bare("weight", 5, s_at);
            }
        }

        section.Hoist("real-servers", "forwarding");
        section.Hoist("real-servers", "weight");
        Assert.Equal(
            """
            forwarding = nat
            real-servers = [
              { address = "10.0.0.1:80", forwarding = direct, weight = 5 }
              { address = "10.0.0.1:81", weight = 5 }
              { address = "10.0.0.1:82" }
            ]

            """,
            Written(section));
    }

    [Fact]
    public void What_lacks_something_is_a_comment_with_all_that_is_in_it()
    {
        var section = new WrittenSection(s_at);
        var child = section.Section("a", s_at, "why");
        child.IsCommentedOut = true;
        child.Section("b", s_at).Flag("c", true, s_at);
        section.Flag("d", false, s_at, "because");
        Assert.Equal(
            """
            # why
            # a {
            #   b {
            #     c = true
            #   }
            # }
            d = false  # because

            """,
            Written(section));
    }

    [Fact]
    public void Text_that_would_say_something_else_in_HOCON_stands_in_quotes()
    {
        var section = new WrittenSection(s_at);
        section.Bare("a", "10.0.0.1:80", s_at);
        section.Bare("b", "x\n} # \"", s_at);
        section.Bare("c", "null", s_at);
        section.Bare("d.e", 5, s_at);
        section.Flag("f", true, s_at, "a remark\nis one line");
        Assert.Equal("a = \"10.0.0.1:80\"\nb = \"x\\n} # \\\"\"\nc = \"null\"\n\"d.e\" = 5\nf = true  # a remark\\nis one line\n", Written(section));
    }

    [Fact]
    public void Every_line_knows_where_it_came_from()
    {
        var section = new WrittenSection(s_at);
        section.Flag("a", true, new("f", 7));
        section.Item("b", new("f", 8)).Flag("c", true, new("f", 9));
        var text = new WrittenText();
        section.WriteBody(text, 0);
        Assert.Equal([7, 8, 8, 8], Enumerable.Range(1, 4).Select(line => text.PlaceOf(line).Line));
    }

    private static string Written(WrittenSection section)
    {
        var text = new WrittenText();
        section.WriteBody(text, 0);
        return text.ToString();
    }
}
