using System.CommandLine;
using System.CommandLine.Parsing;
using System.Security.Cryptography;
using Director.Cluster.Certificates;

namespace Director.Commands;

/// <summary><c>director certificate</c>: what directors trust each other by.</summary>
internal static class CertificateCommand
{
    private const int AuthorityDays = 3650;
    private const int DirectorDays = 1095;

    public static Command Create() => new CommandWithExample(
        "certificate", "Make a cluster's certificate authority and its directors' certificates.", "director certificate authority --out /etc/director/authority")
    {
        CreateAuthority(),
        CreateDirector(),
    };

    private static Command CreateAuthority()
    {
        Option<string> directory = OutOption("Folder that authority.pem and authority.key are written to");
        Option<string> name = new("--name") { Description = "Its name in certificates", HelpName = "name", DefaultValueFactory = static _ => "director cluster" };
        name.Validators.Add(static result => RefuseLength(result, 64));
        Option<int> days = DaysOption(AuthorityDays);
        Command command = new CommandWithExample("authority", "Make a cluster's own certificate authority.", "director certificate authority --out /etc/director/authority")
        {
            directory, name, days,
        };
        command.SetAction(parsed =>
        {
            string folder = parsed.GetRequiredValue(directory);
            using Authority authority = Authority.Create(parsed.GetRequiredValue(name), DateTimeOffset.UtcNow, parsed.GetValue(days));
            Write(folder, CertificateFolder.AuthorityName, authority.ToPem());
            parsed.InvocationConfiguration.Output.WriteLine(
                $"""
                {CertificateFolder.CertificatePath(folder, CertificateFolder.AuthorityName)}: the authority, valid until {authority.NotAfter.UtcDateTime:yyyy-MM-dd}; every director needs a copy
                {CertificateFolder.KeyPath(folder, CertificateFolder.AuthorityName)}: its private key; no director needs it: who has it can make directors
                """);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command CreateDirector()
    {
        Argument<string> name = new("name") { Description = "The director's host name" };
        name.Validators.Add(static result =>
        {
            if (result.Tokens is [var token] && !IsHostName(token.Value))
                result.AddError($"'{token.Value}' is not a host name such as lb1");
        });
        Option<string[]> addresses = new("--address")
        {
            Description = "Addresses and other names that directors reach it by", HelpName = "address", Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true,
        };
        addresses.Validators.Add(static result =>
        {
            foreach (Token token in result.Tokens.Where(static token => !System.Net.IPAddress.TryParse(token.Value, out _) && !IsHostName(token.Value)))
                result.AddError($"--address: '{token.Value}' is neither an address such as 10.0.0.1 nor a host name");
        });
        Option<string> authorityFolder = new("--authority") { Description = "Folder of the authority", HelpName = "folder", Required = true };
        Option<string> directory = OutOption("Folder that NAME.pem and NAME.key are written to");
        Option<int> days = DaysOption(DirectorDays);
        Command command = new CommandWithExample(
            "director", "Make a director's certificate.", "director certificate director lb1 --address 10.0.0.1 --authority /etc/director/authority --out /etc/director")
        {
            name, addresses, authorityFolder, directory, days,
        };
        command.SetAction(parsed =>
        {
            string folder = parsed.GetRequiredValue(directory);
            string director = parsed.GetRequiredValue(name);
            using Authority authority = Read(parsed.GetRequiredValue(authorityFolder));
            if (authority.NotAfter <= DateTimeOffset.UtcNow)
                throw new OperatorException($"the authority in {parsed.GetRequiredValue(authorityFolder)} ended on {authority.NotAfter.UtcDateTime:yyyy-MM-dd}; make a new one with 'director certificate authority'");
            Write(folder, director, authority.Issue(director, parsed.GetValue(addresses) ?? [], DateTimeOffset.UtcNow, parsed.GetValue(days)));
            parsed.InvocationConfiguration.Output.WriteLine(
                $$"""
                Copy these two and the authority's certificate to {{director}}:
                  cluster {
                    certificate = "{{Path.GetFullPath(CertificateFolder.CertificatePath(folder, director))}}"
                    private-key = "{{Path.GetFullPath(CertificateFolder.KeyPath(folder, director))}}"
                    authority = "{{Path.GetFullPath(CertificateFolder.CertificatePath(parsed.GetRequiredValue(authorityFolder), CertificateFolder.AuthorityName))}}"
                  }
                """);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Option<string> OutOption(string description) => new("--out") { Description = description, HelpName = "folder", Required = true };

    private static Option<int> DaysOption(int usual)
    {
        Option<int> days = new("--days") { Description = "How long it is valid", HelpName = "days", DefaultValueFactory = _ => usual };
        days.Validators.Add(static result =>
        {
            if (result.GetValueOrDefault<int>() is < 1 or > 36500)
                result.AddError("--days is 1 to 36500");
        });
        return days;
    }

    private static void RefuseLength(OptionResult result, int longest)
    {
        if (result.GetValueOrDefault<string>() is not { Length: > 0 } text || text.Length > longest)
            result.AddError($"{result.Option.Name} is 1 to {longest} characters");
    }

    // RFC 1123, 2.1.
    private static bool IsHostName(string text) =>
        text.Length <= 63 && Uri.CheckHostName(text) == UriHostNameType.Dns && !text.Contains('_', StringComparison.Ordinal);

    private static Authority Read(string folder)
    {
        try
        {
            return CertificateFolder.ReadAuthority(folder);
        }
        catch (Exception unreadable) when (unreadable is IOException or UnauthorizedAccessException or CryptographicException or ArgumentException)
        {
            throw new OperatorException($"no authority in {folder}: {unreadable.Message.ReplaceLineEndings(" ")} (make one with 'director certificate authority --out {folder}')");
        }
    }

    private static void Write(string folder, string name, PemPair pair)
    {
        try
        {
            CertificateFolder.Write(folder, name, pair);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new OperatorException(failed.Message);
        }
    }
}
