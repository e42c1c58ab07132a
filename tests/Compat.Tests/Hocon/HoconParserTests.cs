using Hocon;
using Xunit;

namespace Compat.Tests.Hocon;

/// <summary>What Lightbend's specification promises and the product relies on; passes on the real package too.</summary>
public sealed class HoconParserTests
{
    [Theory]
    [InlineData("a = 1", "{a:'1'}")]
    [InlineData("{ \"a\" : 1 }", "{a:'1'}")]
    [InlineData("a : x, b = y", "{a:'x',b:'y'}")]
    [InlineData("a { b = 1 }", "{a:{b:'1'}}")]
    [InlineData("a { b = 1 }\na { c = 2 }", "{a:{b:'1',c:'2'}}")]
    [InlineData("a { b = 1 }\na = 5", "{a:'5'}")]
    [InlineData("a { b = 1 }\na = 5\na { c = 2 }", "{a:{c:'2'}}")]
    [InlineData("a { b = 1, b = 2 }", "{a:{b:'2'}}")]
    [InlineData("a { b { c = 1 } } , a { b { d = 2 } }", "{a:{b:{c:'1',d:'2'}}}")]
    [InlineData("a.b.c = x\na.b.d = y", "{a:{b:{c:'x',d:'y'}}}")]
    [InlineData("a { b.c = 1 }\na.b.d = 2", "{a:{b:{c:'1',d:'2'}}}")]
    [InlineData("\"a.b\" = 1", "{a.b:'1'}")]
    [InlineData("a.\"b.c\".d = 1", "{a:{b.c:{d:'1'}}}")]
    public void Objects_nest_merge_and_take_paths_as_keys(string text, string expected) => Assert.Equal(expected, Render(text));

    [Theory]
    [InlineData("a = []", "{a:[]}")]
    [InlineData("a = [1, 2, 3]", "{a:['1','2','3']}")]
    [InlineData("a = [1, 2, 3,]", "{a:['1','2','3']}")]
    [InlineData("a = [\n 1\n 2\n]", "{a:['1','2']}")]
    [InlineData("a = [ { b = 1 }, { b = 2, c = 3 } ]", "{a:[{b:'1'},{b:'2',c:'3'}]}")]
    [InlineData("a = [ { b = 1 }\n { b = 2 } ]", "{a:[{b:'1'},{b:'2'}]}")]
    [InlineData("a = [ [1, 2], [3] ]", "{a:[['1','2'],['3']]}")]
    [InlineData("a = [1, 2] [3]", "{a:['1','2','3']}")]
    [InlineData("a = [1]\na += 2\na += 3", "{a:['1','2','3']}")]
    [InlineData("b { a = [1] }\nb { a += 2 }", "{b:{a:['1','2']}}")]
    public void Arrays_hold_anything_and_concatenate(string text, string expected) => Assert.Equal(expected, Render(text));

    [Theory]
    [InlineData("# c\na = 1 # c\n// c\nb = 2 // c\n", "{a:'1',b:'2'}")]
    [InlineData("a = \"x # y // z\"", "{a:'x # y // z'}")]
    [InlineData("a = [ # c\n 1, // c\n 2 ]", "{a:['1','2']}")]
    [InlineData("a { # c\n b = 1 # c\n }", "{a:{b:'1'}}")]
    public void Comments_end_with_the_line(string text, string expected) => Assert.Equal(expected, Render(text));

    [Theory]
    [InlineData("a = /run/director.sock", "{a:'/run/director.sock'}")]
    [InlineData("a = active-standby", "{a:'active-standby'}")]
    [InlineData("a = 900s", "{a:'900s'}")]
    [InlineData("a = 10 s", "{a:'10 s'}")]
    [InlineData("a = foo bar baz  ", "{a:'foo bar baz'}")]
    [InlineData("a = foo \"bar  baz\"", "{a:'foo bar  baz'}")]
    [InlineData("a = 64MiB", "{a:'64MiB'}")]
    [InlineData("a = \"172.17.60.201:80\"", "{a:'172.17.60.201:80'}")]
    [InlineData("a = \"\"", "{a:''}")]
    [InlineData("a = \"q\\\"b\\\\n\\nt\\tu\\u0041\"", "{a:'q\"b\\n\nt\tuA'}")]
    [InlineData("a = \"\"\"x \"y\"\n z\"\"\"", "{a:'x \"y\"\n z'}")]
    [InlineData("a = true\nb = false", "{a:'true',b:'false'}")]
    public void Strings_are_kept_as_written(string text, string expected) => Assert.Equal(expected, Render(text));

    [Theory]
    [InlineData("x = 1\na = ${x}", "{a:'1',x:'1'}")]
    [InlineData("a = ${x}\nx = 1", "{a:'1',x:'1'}")]
    [InlineData("x { y = 1 }\na = ${x.y}", "{a:'1',x:{y:'1'}}")]
    [InlineData("x { y = 1 }\na = ${x}", "{a:{y:'1'},x:{y:'1'}}")]
    [InlineData("x { y = 1 }\na = ${x} { z = 2 }", "{a:{y:'1',z:'2'},x:{y:'1'}}")]
    [InlineData("x { y = 1 }\na = ${x} { y = 2 }", "{a:{y:'2'},x:{y:'1'}}")]
    [InlineData("x = [1]\na = ${x} [2]", "{a:['1','2'],x:['1']}")]
    [InlineData("x = b\na = a ${x} c", "{a:'a b c',x:'b'}")]
    [InlineData("x = \"10.0.0.1\"\na = ${x}\":80\"", "{a:'10.0.0.1:80',x:'10.0.0.1'}")]
    [InlineData("x = 1\na = [ ${x}, 2 ]", "{a:['1','2'],x:'1'}")]
    [InlineData("a = \"${x}\"", "{a:'${x}'}")]
    [InlineData("a { b = 42, c = ${a.b} }\na { b = 43 }", "{a:{b:'43',c:'43'}}")]
    [InlineData("a { b = ${x.d}, c = 1 }\na.c = 3\nx { c = ${a.c}, d = 2 }\nx.d = 4", "{a:{b:'4',c:'3'},x:{c:'3',d:'4'}}")]
    [InlineData("a { b { c = 1 } }\nx = ${a.b} { d = 2 }", "{a:{b:{c:'1'}},x:{c:'1',d:'2'}}")]
    public void Substitutions_look_through_the_whole_document(string text, string expected) => Assert.Equal(expected, Render(text));

    [Fact]
    public void A_substitution_falls_back_to_the_environment()
    {
        Environment.SetEnvironmentVariable("HOCON_TESTS_VARIABLE", "from outside");
        try
        {
            Assert.Equal("{a:'from outside',b:'from outside'}", Render("a = ${HOCON_TESTS_VARIABLE}\nb = ${?HOCON_TESTS_VARIABLE}"));
        }
        finally
        {
            Environment.SetEnvironmentVariable("HOCON_TESTS_VARIABLE", null);
        }
    }

    [Fact]
    public void Null_has_no_text_and_hides_what_stood_before() => Assert.Equal("{b:'1'}", Render("a = 5\na = null\nb = 1"));

    [Fact]
    public void An_include_puts_the_fields_of_another_document_in_its_place()
    {
        var asked = new List<string>();
        var root = HoconParser.Parse("a { b = 1\n include \"other.conf\"\n d = 4 }", (_, name) =>
        {
            asked.Add(name);
            return Task.FromResult("b = 2\nc = 3\n");
        });
        Assert.Equal("{a:{b:'2',c:'3',d:'4'}}", Render(root.Value));
        Assert.Equal(["other.conf"], asked);
    }

    [Fact]
    public void An_included_document_includes_another()
    {
        var root = HoconParser.Parse(
            "a.b { include \"one\" }", (_, name) => Task.FromResult(name == "one" ? "c = 1\nd { include \"two\" }\n" : "e = 2\nf = ${e}\n"));
        Assert.Equal("{a:{b:{c:'1',d:{e:'2',f:'2'}}}}", Render(root.Value));
    }

    [Fact]
    public void A_substitution_in_an_included_document_is_looked_up_beside_it_first() =>
        Assert.Equal("{a:{x:'2',y:'2'},x:'1'}", Render(HoconParser.Parse("x = 1\na { include \"i\" }", (_, _) => Task.FromResult("x = 2\ny = ${x}\n")).Value));

    [Theory]
    [InlineData("a = ${nowhere.at.all}")]
    [InlineData("a = $ {b}")]
    [InlineData("a = \"hello")]
    [InlineData("a = [1,2,3")]
    [InlineData("{, a = 1}")]
    [InlineData("a = [1,,2]")]
    public void What_is_not_HOCON_is_a_parser_exception(string text) => Assert.Throws<HoconParserException>(() => HoconParser.Parse(text));

    private static string Render(string text) => Render(HoconParser.Parse(text).Value);

    // The optional substitution that resolved to nothing and null may be an empty value or no value at all.
    private static string Render(HoconValue value) => value.Type switch
    {
        HoconType.Object => "{" + string.Join(',', value.GetObject().Where(f => !IsEmpty(f.Value.Value)).OrderBy(f => f.Key, StringComparer.Ordinal)
            .Select(f => f.Key + ":" + Render(f.Value.Value))) + "}",
        HoconType.Array => "[" + string.Join(',', value.GetArray().Where(v => !IsEmpty(v)).Select(Render)) + "]",
        _ => $"'{value.GetString()}'",
    };

    private static bool IsEmpty(HoconValue value) =>
        value.Type == HoconType.Empty || (value.Type is not (HoconType.Object or HoconType.Array) && value.GetString() is null);
}
