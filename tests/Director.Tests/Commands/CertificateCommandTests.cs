using System.CommandLine;
using System.Security.Cryptography.X509Certificates;
using Director.Commands;
using Xunit;

namespace Director.Tests.Commands;

public sealed class CertificateCommandTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("director-certificate-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_directors_certificate_is_made_under_the_authority_and_says_what_to_configure()
    {
        string authority = Path.Combine(_directory, "authority");
        Run($"authority --out {authority} --name ours --days 20");
        string output = Run($"director lb1 --address 10.0.0.1 fd00::1 --authority {authority} --out {_directory} --days 10");
        Assert.Contains($"certificate = \"{_directory}/lb1.pem\"\n", output, StringComparison.Ordinal);
        Assert.Contains($"private-key = \"{_directory}/lb1.key\"\n", output, StringComparison.Ordinal);
        Assert.Contains($"authority = \"{authority}/authority.pem\"\n", output, StringComparison.Ordinal);
        using X509Certificate2 certificate = X509Certificate2.CreateFromPemFile($"{_directory}/lb1.pem", $"{_directory}/lb1.key");
        Assert.Equal("CN=ours", certificate.Issuer);
        Assert.True(certificate.MatchesHostname("fd00::1", allowCommonName: false));
        Assert.Equal(10, Math.Round((certificate.NotAfter - DateTime.Now).TotalDays));
    }

    [Fact]
    public void A_second_authority_in_the_same_folder_is_refused()
    {
        Run($"authority --out {_directory}");
        OperatorException refused = Assert.Throws<OperatorException>(() => Run($"authority --out {_directory}"));
        Assert.Equal($"{_directory}/authority.key exists already and is not overwritten", refused.Message);
    }

    [Fact]
    public void Without_an_authority_it_says_how_to_make_one()
    {
        OperatorException refused = Assert.Throws<OperatorException>(() => Run($"director lb1 --authority {_directory} --out {_directory}"));
        Assert.StartsWith($"no authority in {_directory}: ", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith($"(make one with 'director certificate authority --out {_directory}')", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refused.Message);
    }

    [Theory]
    [InlineData("authority --out x --days 0", "--days is 1 to 36500")]
    [InlineData("director ../lb1 --authority x --out x", "'../lb1' is not a host name such as lb1")]
    [InlineData("director lb_1 --authority x --out x", "'lb_1' is not a host name such as lb1")]
    [InlineData("director lb1 --address 10.0.0.1/24 --authority x --out x", "--address: '10.0.0.1/24' is neither an address such as 10.0.0.1 nor a host name")]
    [InlineData("director lb1 --out x", "Option '--authority' is required.")]
    public void A_wrong_command_line_is_named(string commandLine, string error)
    {
        ParseResult parsed = DirectorCommand.Create().Parse($"certificate {commandLine}");
        Assert.Equal(error, parsed.Errors[^1].Message);
        Assert.Equal($"director certificate {commandLine.Split(' ')[0]}", DirectorCommand.PathOf(parsed));
    }

    [Fact]
    public void Help_has_an_example()
    {
        Assert.Contains("Example:\n  director certificate authority --out ", Run("authority --help"), StringComparison.Ordinal);
        Assert.Contains("Example:\n  director certificate director lb1 --address 10.0.0.1 ", Run("director --help"), StringComparison.Ordinal);
    }

    private static string Run(string commandLine)
    {
        using StringWriter output = new();
        int exitCode = DirectorCommand.Create().Parse($"certificate {commandLine}").Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, Output = output });
        Assert.Equal(ExitCode.Ok, exitCode);
        return output.ToString();
    }
}
