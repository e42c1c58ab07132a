using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;

namespace Director.Commands;

/// <summary>An option that takes addresses and may be repeated.</summary>
internal static class AddressOption
{
    /// <summary>A new one.</summary>
    public static Option<IPAddress[]> Create(string name, string description, bool isRequired = false) => new(name)
    {
        Description = description,
        HelpName = "address",
        Required = isRequired,
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = true,
        CustomParser = result => [.. result.Tokens.Select(token => Parse(name, token.Value, result))],
    };

    private static IPAddress Parse(string option, string text, ArgumentResult result)
    {
        if (IPAddress.TryParse(text, out IPAddress? address))
            return address;
        result.AddError($"{option}: '{text}' is not an address such as 172.17.60.201 or fd00::1");
        return IPAddress.None;
    }
}
