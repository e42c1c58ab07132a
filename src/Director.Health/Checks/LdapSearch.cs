namespace Director.Health.Checks;

/// <summary>What is searched in a directory, as the end of an LDAP URL says it (RFC 4516): <c>base?attributes?scope?filter</c>.</summary>
/// <param name="Base">Distinguished name where the search begins; empty is the root entry.</param>
/// <param name="Attributes">Attributes that are wanted; none is all.</param>
/// <param name="Scope">0: the base alone; 1: what is right below it; 2: all below it, itself included.</param>
/// <param name="Filter">Which entries count.</param>
internal sealed record LdapSearch(string Base, IReadOnlyList<string> Attributes, byte Scope, string Filter)
{
    private const byte Request = 0x63;

    /// <summary>Most entries that are asked for.</summary>
    private const byte SizeLimit = 10;

    /// <summary>Reads a search.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public static LdapSearch Parse(string text)
    {
        var parts = text.Split('?');
        var attributes = Part(1).Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return parts.Length > 4
            ? throw new FormatException($"{text} is no search: base?attributes?scope?filter is right")
            : new(parts[0], attributes, Part(2) switch { "" or "base" => 0, "one" => 1, "sub" => 2, var other => throw new FormatException($"{other} is no scope: base, one or sub is right") },
                Part(3) is { Length: > 0 } filter ? filter : "(objectClass=*)");

        string Part(int index) => index < parts.Length ? parts[index] : "";
    }

    /// <summary>The request (RFC 4511 section 4.5.1).</summary>
    public byte[] Encode() => Ber.Of(
        Request,
        Ber.Text(Ber.OctetString, Base),
        Ber.Number(Ber.Enumerated, Scope),
        Ber.Number(Ber.Enumerated, 0),
        Ber.Number(Ber.Integer, SizeLimit),
        Ber.Number(Ber.Integer, 0),
        Ber.Number(Ber.Boolean, 0),
        LdapFilter.Encode(Filter),
        Ber.Of(Ber.Sequence, Attributes.Select(attribute => Ber.Text(Ber.OctetString, attribute))));
}
