using Xunit;

namespace Director.Configuration.Tests;

/// <summary>That an error names the line in which its value stands, however the file is written.</summary>
public sealed class LineTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("director-configuration-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("director {\n  engine {\n    workers = x\n  }\n}", 3)]
    [InlineData("director.engine.workers = x", 1)]
    [InlineData("\n\ndirector.engine {\n\n  workers = x }", 5)]
    [InlineData("director {\n  engine.workers = x\n}", 2)]
    [InlineData("director { engine { workers\n = x } }", 0)]
    [InlineData("director {\n  engine { workers =\n\n x } }", 2)]
    [InlineData("# workers = 1\ndirector { // engine {\n  engine { # workers = 2\n    # workers = 3\n    workers = x # workers = 4\n  }\n}", 5)]
    [InlineData("director.name = \"\"\"a\nb\nc\"\"\"\ndirector.engine.workers = x", 4)]
    [InlineData("director.engine.workers = 1\ndirector.engine.workers = 2\ndirector { engine { workers = x } }", 3)]
    [InlineData("director { engine { workers = x } }\ndirector { engine { immediate = true } }", 1)]
    [InlineData("director.engine.workers = 5\ndirector.engine = 7\ndirector.engine {\n workers = x }", 4)]
    [InlineData("\"director\".\"engine\" {\n  \"workers\" : x,\n}", 2)]
    [InlineData("{\n\"director\": {\n\"engine\": {\n\"workers\": \"x\"\n}\n}\n}", 4)]
    [InlineData("director.engine.workers = 1\ndirector.engine.workers = x\ndirector.engine.workers = ${?NOT.SET}", 2)]
    [InlineData("number = x\ndirector.engine.workers = ${number}", 2)]
    [InlineData("base {\n  workers = x\n}\ndirector {\n  engine = ${base}\n}", 2)]
    [InlineData("base {\n  workers = x\n}\ndirector {\n  engine = ${base} { immediate = true }\n}", 2)]
    [InlineData("base {\n  workers = 1\n}\ndirector {\n  engine = ${base} {\n workers = x }\n}", 6)]
    [InlineData("director.engine {\r\n  immediate = true\r\n  workers = x\r\n}", 3)]
    public void A_wrong_key_is_found(string text, int line)
    {
        var errors = ConfigurationReader.ReadText(text, "f").Errors;
        if (line == 0)
        {
            Assert.Equal(["f:1: = or { is missing after workers"], errors.AsEnumerable());
            return;
        }

        // Where the text has a name of several lines, that is an error too.
        Assert.Contains($"f:{line}: director.engine.workers = x: is no whole number; a whole number from 0 to 64 is right", errors);
        Assert.Equal(text.Contains("name", StringComparison.Ordinal) ? 2 : 1, errors.Length);
    }

    [Theory]
    [InlineData("director.interfaces = [\n a,\n b, c c\n]", 3, 2)]
    [InlineData("director.interfaces = [a, b,\n\n# c\n c c]", 4, 2)]
    [InlineData("director.interfaces = [a] [\n b, c c]", 2, 2)]
    [InlineData("director.interfaces = [a]\ndirector.interfaces += b\ndirector { interfaces += c c }", 3, 2)]
    [InlineData("director.interfaces = [x x]\ndirector.interfaces = [a,\n\nc c]", 4, 1)]
    [InlineData("more = [a]\ndirector.interfaces = ${more} [\n c c ]", 2, 1)]
    public void A_wrong_element_is_found(string text, int line, int index) =>
        Assert.Equal(
            [$"f:{line}: director.interfaces[{index}] = c c: is no name of a NIC; 1 to 15 bytes without blanks, / and : are right"],
            ConfigurationReader.ReadText(text, "f").Errors.AsEnumerable());

    [Fact]
    public void A_key_in_a_list_of_sections_is_found() =>
        Assert.Equal(
            [
                "f:5: director.virtual-services.\"www.example.com\".real-servers[0].weight = a: is no whole number; a whole number from 0 to 65535 is right",
                "f:8: director.virtual-services.\"www.example.com\".real-servers[2].weight = b: is no whole number; a whole number from 0 to 65535 is right",
            ],
            ConfigurationReader.ReadText(
                """
                director.virtual-services {
                  "www.example.com" {
                    address = "10.0.0.1:80"
                    real-servers = [
                      { address = "10.0.0.2:80", weight = a }
                      { address = "10.0.0.3:80"
                        weight = 5 }, {
                        weight = b, address = "10.0.0.4:80" }
                    ]
                  }
                }
                """,
                "f").Errors.AsEnumerable());

    [Fact]
    public void A_key_in_an_included_file_is_found_in_that_file()
    {
        var main = Write("main.conf", "director {\n  include \"services.conf\"\n  engine.workers = x\n}\ninclude \"more.conf\"\n");
        Write("services.conf", "\nvirtual-services.www {\n  address = none\n}\n");
        Write("more.conf", "director.sloppy-tcp = maybe");

        Assert.Equal(
            [
                $"{_folder}/services.conf:3: director.virtual-services.www.address = none: is no address; an address with its port is 192.0.2.1:80 or [2001:db8::1]:80",
                $"{main}:3: director.engine.workers = x: is no whole number; a whole number from 0 to 64 is right",
                $"{_folder}/more.conf:1: director.sloppy-tcp = maybe: is neither true nor false; true or false is right",
            ],
            ConfigurationReader.Read(main).Errors.OrderBy(e => e.Contains("more", StringComparison.Ordinal))
                .ThenBy(e => e.Contains("main", StringComparison.Ordinal)));
    }

    [Fact]
    public void An_included_file_is_read_and_can_be_overridden()
    {
        var main = Write("main.conf", "include \"site/base.conf\"\ndirector.engine.workers = 3\n");
        Directory.CreateDirectory(Path.Combine(_folder, "site"));
        Write("site/base.conf", "director { engine { workers = 2, connections = 4096 } }\n");

        var result = ConfigurationReader.Read(main);

        Assert.Empty(result.Errors);
        Assert.Equal((3, 4096), (result.Configuration!.Engine.Workers, result.Configuration.Engine.Connections));
    }

    [Fact]
    public void A_service_may_be_changed_in_another_file_but_not_begun_twice_in_one()
    {
        Write("base.conf", "director.virtual-services.www {\n address = \"10.0.0.1:80\"\n}\n");
        var main = Write("main.conf", "include \"base.conf\"\ndirector.virtual-services.www { scheduler = rr }\n");
        var twice = Write("twice.conf",
            "include \"base.conf\"\ndirector.virtual-services.www { scheduler = rr }\n\ndirector.virtual-services { www { scheduler = sh } }\n");

        Assert.Equal("rr", ConfigurationReader.Read(main).Configuration!.VirtualServices.Single().Scheduler);
        Assert.Equal(
            [$"{twice}:4: director.virtual-services.www: is the second service of that name, the first is in line 2; rename one or put them together"],
            ConfigurationReader.Read(twice).Errors.AsEnumerable());
    }

    [Fact]
    public void A_syntax_error_in_an_included_file_is_found_there()
    {
        var main = Write("main.conf", "\ninclude \"broken.conf\"\n");
        Write("broken.conf", "director {\n engine workers\n}\n");

        Assert.Equal([$"{_folder}/broken.conf:2: = or {{ is missing after engine"], ConfigurationReader.Read(main).Errors.AsEnumerable());
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
